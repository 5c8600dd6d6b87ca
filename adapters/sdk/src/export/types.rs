//! Translation of `types`: what comes in becomes the SDK's, what goes out becomes the bindings'.

/// Functions named after what they translate; `*_in` from the bindings, `*_out` to them.
#[doc(hidden)]
#[macro_export]
macro_rules! __export_types {
    () => {
        use exports::periodic::element::types as wit;
        use $crate::contract as sdk;

        fn setting_out(setting: sdk::Setting) -> wit::Setting {
            wit::Setting {
                key: setting.key,
                value: setting.value,
            }
        }

        fn context_in(context: wit::Context) -> sdk::Context {
            let setting = |setting: wit::Setting| sdk::Setting {
                key: setting.key,
                value: setting.value,
            };
            sdk::Context {
                now: context.now,
                configuration: context.configuration.into_iter().map(setting).collect(),
                secrets: context.secrets,
                package: context.package,
            }
        }

        fn response_in(response: wit::Response) -> sdk::Response {
            let header = |header: wit::Header| sdk::Header {
                name: header.name,
                value: header.value,
            };
            sdk::Response {
                status: response.status,
                headers: response.headers.into_iter().map(header).collect(),
                body: response.body,
            }
        }

        fn answers_in(answers: Vec<wit::Answer>) -> Vec<sdk::Answer> {
            let error = |error| match error {
                wit::TransportError::Refused(text) => sdk::TransportError::Refused(text),
                wit::TransportError::Unreachable(text) => sdk::TransportError::Unreachable(text),
                wit::TransportError::Tls(text) => sdk::TransportError::Tls(text),
                wit::TransportError::Timeout(text) => sdk::TransportError::Timeout(text),
                wit::TransportError::TooLarge(bytes) => sdk::TransportError::TooLarge(bytes),
                wit::TransportError::Other(text) => sdk::TransportError::Other(text),
            };
            answers
                .into_iter()
                .map(|answer| answer.map(response_in).map_err(error))
                .collect()
        }

        fn failure_out(failure: sdk::Failure) -> wit::Failure {
            let detail = |detail: sdk::Detail| wit::Detail {
                message: detail.message,
                provider_message: detail.provider_message,
            };
            match failure {
                sdk::Failure::TokenInvalid(why) => wit::Failure::TokenInvalid(detail(why)),
                sdk::Failure::RateLimited(why, after) => wit::Failure::RateLimited(wit::Pause {
                    detail: detail(why),
                    after,
                }),
                sdk::Failure::Transient(why) => wit::Failure::Transient(detail(why)),
                sdk::Failure::Permanent(why) => wit::Failure::Permanent(detail(why)),
                sdk::Failure::NotFound(why) => wit::Failure::NotFound(detail(why)),
                sdk::Failure::InvalidRequest(why) => wit::Failure::InvalidRequest(detail(why)),
                sdk::Failure::Unsupported(why) => wit::Failure::Unsupported(detail(why)),
                sdk::Failure::Other(why) => wit::Failure::Other(detail(why)),
            }
        }

        fn value_out(value: sdk::Value) -> wit::Value {
            match value {
                sdk::Value::Text(text) => wit::Value::Text(text),
                sdk::Value::Secret(name) => wit::Value::Secret(name),
            }
        }

        fn parts_out(parts: Vec<sdk::Part>) -> Vec<wit::Part> {
            let part = |part| match part {
                sdk::Part::Text(text) => wit::Part::Text(text),
                sdk::Part::Method => wit::Part::Method,
                sdk::Part::Url => wit::Part::Url,
                sdk::Part::Path => wit::Part::Path,
                sdk::Part::Query => wit::Part::Query,
                sdk::Part::Body => wit::Part::Body,
                sdk::Part::Header(name) => wit::Part::Header(name),
                sdk::Part::Seconds => wit::Part::Seconds,
                sdk::Part::Milliseconds => wit::Part::Milliseconds,
                sdk::Part::Nonce => wit::Part::Nonce,
                sdk::Part::Secret(name) => wit::Part::Secret(name),
            };
            parts.into_iter().map(part).collect()
        }

        fn digest_out(digest: sdk::Digest) -> wit::Digest {
            match digest {
                sdk::Digest::Sha1 => wit::Digest::Sha1,
                sdk::Digest::Sha256 => wit::Digest::Sha256,
                sdk::Digest::Sha512 => wit::Digest::Sha512,
            }
        }

        fn encoding_out(encoding: sdk::Encoding) -> wit::Encoding {
            match encoding {
                sdk::Encoding::Hex => wit::Encoding::Hex,
                sdk::Encoding::Base64 => wit::Encoding::Base64,
                sdk::Encoding::Base64url => wit::Encoding::Base64url,
            }
        }

        fn credential_out(credential: sdk::Credential) -> wit::Credential {
            let placement = |at: sdk::Placement| wit::Placement {
                name: at.name,
                prefix: at.prefix,
                secret: at.secret,
            };
            match credential {
                sdk::Credential::Bearer(name) => wit::Credential::Bearer(name),
                sdk::Credential::Basic(basic) => wit::Credential::Basic(wit::BasicCredential {
                    user: value_out(basic.user),
                    password: value_out(basic.password),
                }),
                sdk::Credential::Header(at) => wit::Credential::Header(placement(at)),
                sdk::Credential::Query(at) => wit::Credential::Query(placement(at)),
                sdk::Credential::Form(at) => wit::Credential::Form(placement(at)),
                sdk::Credential::Json(at) => wit::Credential::Json(placement(at)),
                sdk::Credential::OAuth1(oauth1) => wit::Credential::Oauth1(wit::Oauth1Credential {
                    consumer_key: value_out(oauth1.consumer_key),
                    consumer_secret: oauth1.consumer_secret,
                    token: oauth1.token.map(value_out),
                    token_secret: oauth1.token_secret,
                    method: match oauth1.method {
                        sdk::OAuth1Method::HmacSha1 => wit::Oauth1Method::HmacSha1,
                        sdk::OAuth1Method::HmacSha256 => wit::Oauth1Method::HmacSha256,
                        sdk::OAuth1Method::Plaintext => wit::Oauth1Method::Plaintext,
                    },
                    realm: oauth1.realm,
                    parameters: oauth1
                        .parameters
                        .into_iter()
                        .map(|parameter| wit::Parameter {
                            name: parameter.name,
                            value: value_out(parameter.value),
                        })
                        .collect(),
                }),
                sdk::Credential::Hmac(hmac) => wit::Credential::Hmac(wit::HmacCredential {
                    digest: digest_out(hmac.digest),
                    encoding: encoding_out(hmac.encoding),
                    key: hmac.key,
                    over: parts_out(hmac.over),
                    header: hmac.header,
                    prefix: hmac.prefix,
                    also: hmac
                        .also
                        .into_iter()
                        .map(|header| wit::MadeHeader {
                            name: header.name,
                            value: parts_out(header.value),
                        })
                        .collect(),
                }),
            }
        }

        fn capture_out(capture: sdk::Capture) -> wit::Capture {
            wit::Capture {
                at: match capture.at {
                    sdk::Source::Json(path) => wit::Source::Json(path),
                    sdk::Source::Form(name) => wit::Source::Form(name),
                    sdk::Source::Header(name) => wit::Source::Header(name),
                    sdk::Source::Text => wit::Source::Text,
                },
                into: match capture.into {
                    sdk::Target::Secret(name) => wit::Target::Secret(name),
                    sdk::Target::Setting(key) => wit::Target::Setting(key),
                    sdk::Target::Lifetime(name) => wit::Target::Lifetime(name),
                },
                required: capture.required,
            }
        }

        fn request_out(request: sdk::Request) -> wit::Request {
            let header = |header: sdk::Header| wit::Header {
                name: header.name,
                value: header.value,
            };
            let field = |field: sdk::Field| wit::Field {
                name: field.name,
                value: field.value,
            };
            wit::Request {
                method: request.method,
                url: request.url,
                headers: request.headers.into_iter().map(header).collect(),
                body: match request.body {
                    sdk::Body::None => wit::Body::None,
                    sdk::Body::Json(json) => wit::Body::Json(json),
                    sdk::Body::Form(fields) => wit::Body::Form(fields.into_iter().map(field).collect()),
                    sdk::Body::Bytes(content) => wit::Body::Bytes(wit::Content {
                        media_type: content.media_type,
                        data: content.data,
                    }),
                },
                credentials: request
                    .credentials
                    .into_iter()
                    .map(credential_out)
                    .collect(),
                effect: match request.effect {
                    sdk::Effect::Read => wit::Effect::Read,
                    sdk::Effect::Write => wit::Effect::Write,
                },
                captures: request.captures.into_iter().map(capture_out).collect(),
            }
        }

        fn exchange_out(exchange: sdk::Exchange) -> wit::Exchange {
            wit::Exchange {
                requests: exchange.requests.into_iter().map(request_out).collect(),
                state: exchange.state,
            }
        }

        fn document_out(document: sdk::Document) -> wit::Document {
            let piece = |piece: sdk::Piece| wit::Piece {
                text: match piece.text {
                    sdk::PieceText::Span { answer, span } => wit::SourceText::Span(wit::Span {
                        answer,
                        offset: span.offset,
                        length: span.length,
                    }),
                    sdk::PieceText::Text(text) => wit::SourceText::Text(text),
                },
                content: piece.content,
            };
            document.into_iter().map(piece).collect()
        }

        fn changed_out(changed: sdk::Changed) -> wit::Changed {
            wit::Changed {
                identity: changed.identity,
                object_id: changed.object_id,
                change: match changed.change {
                    sdk::Change::Created => wit::Change::Created,
                    sdk::Change::Updated => wit::Change::Updated,
                    sdk::Change::Deleted => wit::Change::Deleted,
                    sdk::Change::Unknown => wit::Change::Unknown,
                },
                updated: changed.updated,
                created: changed.created,
                raw: document_out(changed.raw),
            }
        }
    };
}
