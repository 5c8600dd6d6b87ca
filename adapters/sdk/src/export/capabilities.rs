//! The guest traits of each capability, by those of [`crate::contract`].

/// `element`.
#[doc(hidden)]
#[macro_export]
macro_rules! __export_element {
    ($adapter:ty) => {
        impl exports::periodic::element::element::Guest for Exported {
            fn describe(package: Option<Vec<u8>>) -> Result<String, String> {
                let description = <$adapter as sdk::Element>::describe(package.as_deref())?;
                $crate::description_json(&description)
            }

            fn connect(
                context: wit::Context,
            ) -> Result<exports::periodic::element::element::Step, wit::Failure> {
                let step = <$adapter as sdk::Element>::connect(&context_in(context)).map_err(failure_out)?;
                Ok(element_step(step))
            }

            fn resume_connect(
                context: wit::Context,
                state: Vec<u8>,
                answers: Vec<wit::Answer>,
            ) -> Result<exports::periodic::element::element::Step, wit::Failure> {
                let answers = answers_in(answers);
                let step = <$adapter as sdk::Element>::resume_connect(&context_in(context), &state, &answers);
                step.map(element_step).map_err(failure_out)
            }

            fn check(
                context: wit::Context,
            ) -> Result<exports::periodic::element::element::Step, wit::Failure> {
                let step = <$adapter as sdk::Element>::check(&context_in(context));
                step.map(check_step).map_err(failure_out)
            }

            fn resume_check(
                context: wit::Context,
                state: Vec<u8>,
                answers: Vec<wit::Answer>,
            ) -> Result<exports::periodic::element::element::Step, wit::Failure> {
                let answers = answers_in(answers);
                let step = <$adapter as sdk::Element>::resume_check(&context_in(context), &state, &answers);
                step.map(check_step).map_err(failure_out)
            }
        }

        fn element_step(step: sdk::Step<Vec<sdk::Setting>>) -> exports::periodic::element::element::Step {
            use exports::periodic::element::element::Step;
            match step {
                sdk::Step::Send(exchange) => Step::Send(exchange_out(exchange)),
                sdk::Step::Done(settings) => Step::Done(settings.into_iter().map(setting_out).collect()),
            }
        }

        fn check_step(step: sdk::Step<()>) -> exports::periodic::element::element::Step {
            use exports::periodic::element::element::Step;
            match step {
                sdk::Step::Send(exchange) => Step::Send(exchange_out(exchange)),
                sdk::Step::Done(()) => Step::Done(Vec::new()),
            }
        }
    };
}

/// `oauth2`.
#[doc(hidden)]
#[macro_export]
macro_rules! __export_oauth2 {
    ($adapter:ty) => {
        impl exports::periodic::element::oauth2::Guest for Exported {
            fn authorize(
                context: wit::Context,
                authorization: exports::periodic::element::oauth2::Authorization,
            ) -> Result<wit::Request, wit::Failure> {
                let authorization = sdk::Authorization {
                    redirect_uri: authorization.redirect_uri,
                    state: authorization.state,
                    scope: authorization.scope,
                    code_challenge: authorization.code_challenge,
                };
                let request = <$adapter as sdk::OAuth2>::authorize(&context_in(context), authorization);
                request.map(request_out).map_err(failure_out)
            }

            fn token(
                context: wit::Context,
                grant: exports::periodic::element::oauth2::Grant,
            ) -> Result<wit::Request, wit::Failure> {
                let request = <$adapter as sdk::OAuth2>::token(&context_in(context), grant_in(grant));
                request.map(request_out).map_err(failure_out)
            }

            fn granted(
                context: wit::Context,
                grant: exports::periodic::element::oauth2::Grant,
                response: wit::Response,
            ) -> Result<Vec<wit::Setting>, wit::Failure> {
                let (grant, response) = (grant_in(grant), response_in(response));
                let settings = <$adapter as sdk::OAuth2>::granted(&context_in(context), grant, response);
                Ok(settings
                    .map_err(failure_out)?
                    .into_iter()
                    .map(setting_out)
                    .collect())
            }
        }

        fn grant_in(grant: exports::periodic::element::oauth2::Grant) -> sdk::Grant {
            use exports::periodic::element::oauth2::Grant;
            match grant {
                Grant::AuthorizationCode(redirect_uri) => sdk::Grant::AuthorizationCode(redirect_uri),
                Grant::RefreshToken(redirect_uri) => sdk::Grant::RefreshToken(redirect_uri),
                Grant::ClientCredentials => sdk::Grant::ClientCredentials,
            }
        }
    };
}

/// `oauth1`.
#[doc(hidden)]
#[macro_export]
macro_rules! __export_oauth1 {
    ($adapter:ty) => {
        impl exports::periodic::element::oauth1::Guest for Exported {
            fn request_token(context: wit::Context, callback: String) -> Result<wit::Request, wit::Failure> {
                let request = <$adapter as sdk::OAuth1>::request_token(&context_in(context), callback);
                request.map(request_out).map_err(failure_out)
            }

            fn authorize(context: wit::Context, callback: String) -> Result<wit::Request, wit::Failure> {
                let request = <$adapter as sdk::OAuth1>::authorize(&context_in(context), callback);
                request.map(request_out).map_err(failure_out)
            }

            fn access_token(context: wit::Context) -> Result<wit::Request, wit::Failure> {
                let request = <$adapter as sdk::OAuth1>::access_token(&context_in(context));
                request.map(request_out).map_err(failure_out)
            }
        }
    };
}

/// `hub`.
#[doc(hidden)]
#[macro_export]
macro_rules! __export_hub {
    ($adapter:ty) => {
        impl exports::periodic::element::hub::Guest for Exported {
            fn begin(
                context: wit::Context,
                operation: exports::periodic::element::hub::Operation,
            ) -> Result<exports::periodic::element::hub::Step, wit::Failure> {
                let step = <$adapter as sdk::Hub>::begin(&context_in(context), operation_in(operation));
                step.map(hub_step).map_err(failure_out)
            }

            fn resume(
                context: wit::Context,
                operation: exports::periodic::element::hub::Operation,
                state: Vec<u8>,
                answers: Vec<wit::Answer>,
            ) -> Result<exports::periodic::element::hub::Step, wit::Failure> {
                let (operation, answers) = (operation_in(operation), answers_in(answers));
                let step = <$adapter as sdk::Hub>::resume(&context_in(context), operation, &state, &answers);
                step.map(hub_step).map_err(failure_out)
            }
        }

        fn operation_in(operation: exports::periodic::element::hub::Operation) -> sdk::Operation {
            use exports::periodic::element::hub::{Operation, Position};
            match operation {
                Operation::List(listing) => sdk::Operation::List(sdk::Listing {
                    resource: listing.resource,
                    filter: listing.where_,
                    fields: listing.fields,
                    order_by: listing.order_by,
                    start: match listing.start {
                        Position::Page(page) => sdk::Position::Page(page),
                        Position::Cursor(cursor) => sdk::Position::Cursor(cursor),
                    },
                    page_size: listing.page_size,
                    total: listing.total,
                    parameters: listing
                        .parameters
                        .into_iter()
                        .map(|field| sdk::Field {
                            name: field.name,
                            value: field.value,
                        })
                        .collect(),
                }),
                Operation::Get(single) => sdk::Operation::Get {
                    resource: single.resource,
                    id: single.id,
                    fields: single.fields,
                },
                Operation::Create(creation) => sdk::Operation::Create {
                    resource: creation.resource,
                    body: creation.body,
                },
                Operation::Update(change) => sdk::Operation::Update {
                    resource: change.resource,
                    id: change.id,
                    body: change.body,
                },
                Operation::Replace(change) => sdk::Operation::Replace {
                    resource: change.resource,
                    id: change.id,
                    body: change.body,
                },
                Operation::Delete(removal) => sdk::Operation::Delete {
                    resource: removal.resource,
                    id: removal.id,
                },
                Operation::Fields(resource) => sdk::Operation::Fields(resource),
            }
        }

        fn hub_step(step: sdk::Step<sdk::Outcome>) -> exports::periodic::element::hub::Step {
            use exports::periodic::element::hub::{Listed, Outcome, Step};
            match step {
                sdk::Step::Send(exchange) => Step::Send(exchange_out(exchange)),
                sdk::Step::Done(outcome) => Step::Done(match outcome {
                    sdk::Outcome::Listed(listed) => Outcome::Listed(Listed {
                        records: listed.records.into_iter().map(document_out).collect(),
                        next: listed.next,
                        total: listed.total,
                    }),
                    sdk::Outcome::One(document) => Outcome::One(document_out(document)),
                    sdk::Outcome::Fields(json) => Outcome::Fields(json),
                    sdk::Outcome::Done => Outcome::Done,
                }),
            }
        }
    };
}

/// `poller`.
#[doc(hidden)]
#[macro_export]
macro_rules! __export_poller {
    ($adapter:ty) => {
        impl exports::periodic::element::poller::Guest for Exported {
            fn plan(
                context: wit::Context,
                resource: String,
                configuration: String,
            ) -> Result<String, String> {
                <$adapter as sdk::Poller>::plan(&context_in(context), &resource, &configuration)
            }

            fn begin(
                context: wit::Context,
                job: exports::periodic::element::poller::Job,
            ) -> Result<exports::periodic::element::poller::Step, wit::Failure> {
                let step = <$adapter as sdk::Poller>::begin(&context_in(context), job_in(job));
                step.map(poll_step).map_err(failure_out)
            }

            fn resume(
                context: wit::Context,
                job: exports::periodic::element::poller::Job,
                state: Vec<u8>,
                answers: Vec<wit::Answer>,
            ) -> Result<exports::periodic::element::poller::Step, wit::Failure> {
                let answers = answers_in(answers);
                let step =
                    <$adapter as sdk::Poller>::resume(&context_in(context), job_in(job), &state, &answers);
                step.map(poll_step).map_err(failure_out)
            }
        }

        fn job_in(job: exports::periodic::element::poller::Job) -> sdk::Job {
            sdk::Job {
                resource: job.resource,
                configuration: job.configuration,
                since: job.since,
                until: job.until,
                checkpoint: job.checkpoint,
            }
        }

        fn poll_step(step: sdk::PollStep) -> exports::periodic::element::poller::Step {
            use exports::periodic::element::poller::{Page, Step};
            match step {
                sdk::PollStep::Send(exchange) => Step::Send(exchange_out(exchange)),
                sdk::PollStep::Page(page) => Step::Page(Page {
                    records: page.records.into_iter().map(changed_out).collect(),
                    checkpoint: page.checkpoint,
                    next: page.next.map(exchange_out),
                }),
            }
        }
    };
}

/// `webhook`.
#[doc(hidden)]
#[macro_export]
macro_rules! __export_webhook {
    ($adapter:ty) => {
        impl exports::periodic::element::webhook::Guest for Exported {
            fn register(
                context: wit::Context,
                change: exports::periodic::element::webhook::ChangeRegistration,
            ) -> Result<exports::periodic::element::webhook::Step, wit::Failure> {
                let step = <$adapter as sdk::Webhook>::register(
                    &context_in(context),
                    registration_change_in(change),
                );
                step.map(registration_step).map_err(failure_out)
            }

            fn resume_register(
                context: wit::Context,
                change: exports::periodic::element::webhook::ChangeRegistration,
                state: Vec<u8>,
                answers: Vec<wit::Answer>,
            ) -> Result<exports::periodic::element::webhook::Step, wit::Failure> {
                let (change, answers) = (registration_change_in(change), answers_in(answers));
                let step = <$adapter as sdk::Webhook>::resume_register(
                    &context_in(context),
                    change,
                    &state,
                    &answers,
                );
                step.map(registration_step).map_err(failure_out)
            }

            fn greet(
                context: wit::Context,
                delivery: exports::periodic::element::webhook::Delivery,
            ) -> Option<exports::periodic::element::webhook::Reply> {
                let header = |header: sdk::Header| wit::Header {
                    name: header.name,
                    value: header.value,
                };
                let reply = <$adapter as sdk::Webhook>::greet(&context_in(context), &delivery_in(delivery))?;
                Some(exports::periodic::element::webhook::Reply {
                    status: reply.status,
                    headers: reply.headers.into_iter().map(header).collect(),
                    body: reply.body,
                })
            }

            fn verify(
                context: wit::Context,
                delivery: exports::periodic::element::webhook::Delivery,
            ) -> exports::periodic::element::webhook::Verification {
                use exports::periodic::element::webhook::{
                    BasicSecret, SharedSecret, Signature, Verification,
                };
                match <$adapter as sdk::Webhook>::verify(&context_in(context), &delivery_in(delivery)) {
                    sdk::Verification::None => Verification::None,
                    sdk::Verification::Signature(signature) => Verification::Signature(Signature {
                        header: signature.header,
                        prefix: signature.prefix,
                        digest: digest_out(signature.digest),
                        encoding: encoding_out(signature.encoding),
                        key: signature.key,
                        over: parts_out(signature.over),
                    }),
                    sdk::Verification::Secret(shared) => Verification::Secret(SharedSecret {
                        header: shared.header,
                        prefix: shared.prefix,
                        secret: shared.secret,
                    }),
                    sdk::Verification::Basic(basic) => Verification::Basic(BasicSecret {
                        user: basic.user,
                        secret: basic.secret,
                    }),
                }
            }

            fn receive(
                context: wit::Context,
                delivery: exports::periodic::element::webhook::Delivery,
            ) -> Result<exports::periodic::element::webhook::Receipt, wit::Failure> {
                let receipt =
                    <$adapter as sdk::Webhook>::receive(&context_in(context), delivery_in(delivery));
                receipt.map(receipt_out).map_err(failure_out)
            }

            fn resume_receive(
                context: wit::Context,
                delivery: exports::periodic::element::webhook::Delivery,
                state: Vec<u8>,
                answers: Vec<wit::Answer>,
            ) -> Result<exports::periodic::element::webhook::Receipt, wit::Failure> {
                let (delivery, answers) = (delivery_in(delivery), answers_in(answers));
                let receipt = <$adapter as sdk::Webhook>::resume_receive(
                    &context_in(context),
                    delivery,
                    &state,
                    &answers,
                );
                receipt.map(receipt_out).map_err(failure_out)
            }
        }

        fn delivery_in(delivery: exports::periodic::element::webhook::Delivery) -> sdk::Delivery {
            let header = |header: wit::Header| sdk::Header {
                name: header.name,
                value: header.value,
            };
            sdk::Delivery {
                method: delivery.method,
                query: delivery.query,
                headers: delivery.headers.into_iter().map(header).collect(),
                body: delivery.body,
            }
        }

        fn registration_change_in(
            change: exports::periodic::element::webhook::ChangeRegistration,
        ) -> sdk::RegistrationChange {
            use exports::periodic::element::webhook::{ChangeRegistration, Registration};
            let registration = |registration: Registration| sdk::Registration {
                data: registration.data,
                expires: registration.expires,
            };
            match change {
                ChangeRegistration::Subscribe(subscription) => {
                    sdk::RegistrationChange::Subscribe(sdk::Subscription {
                        callback_url: subscription.callback_url,
                        resources: subscription.resources,
                        configuration: subscription.configuration,
                    })
                }
                ChangeRegistration::Renew(old) => sdk::RegistrationChange::Renew(registration(old)),
                ChangeRegistration::Unsubscribe(old) => {
                    sdk::RegistrationChange::Unsubscribe(registration(old))
                }
            }
        }

        fn registration_step(
            step: sdk::Step<Option<sdk::Registration>>,
        ) -> exports::periodic::element::webhook::Step {
            use exports::periodic::element::webhook::{Registration, Step};
            match step {
                sdk::Step::Send(exchange) => Step::Send(exchange_out(exchange)),
                sdk::Step::Done(registration) => Step::Done(registration.map(|registration| Registration {
                    data: registration.data,
                    expires: registration.expires,
                })),
            }
        }

        fn receipt_out(receipt: sdk::Receipt) -> exports::periodic::element::webhook::Receipt {
            use exports::periodic::element::webhook::{Receipt, Received};
            let received = |received: sdk::Received| Received {
                resource: received.resource,
                changed: changed_out(received.changed),
            };
            match receipt {
                sdk::Receipt::Send(exchange) => Receipt::Send(exchange_out(exchange)),
                sdk::Receipt::Records(records) => {
                    Receipt::Records(records.into_iter().map(received).collect())
                }
            }
        }
    };
}
