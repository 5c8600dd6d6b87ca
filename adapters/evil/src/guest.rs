//! The exports.

#![expect(unsafe_code, reason = "generated bindings of the component's exports")]

wit_bindgen::generate!({
    path: "../../wit/v1",
    inline: "
        package periodic:evil;
        world adapter {
            include periodic:element/base@1.0.0;
            include periodic:element/oauth2-capability@1.0.0;
            include periodic:element/hub-capability@1.0.0;
            include periodic:element/poller-capability@1.0.0;
        }
    ",
    generate_all,
});

pub(crate) use exports::periodic::element::{element, hub, oauth2, poller, types};
pub(crate) use periodic::element::log;

use crate::{
    attack, description,
    hub::{capture, get, setting},
    plot::Plot,
};

/// The element.
struct Evil;

/// What is planned, read anew in every call: the guest has no memory.
fn plot(context: &types::Context) -> Plot {
    Plot::read(context.package.as_deref()).unwrap_or_default()
}

/// Attack if this is the place; what the attack is, for those that only one function can make.
fn enter(context: &types::Context, function: &str) -> String {
    let plot = plot(context);
    let attack = plot.at(function);
    attack::make(attack);
    attack.to_owned()
}

impl element::Guest for Evil {
    fn describe(package: Option<Vec<u8>>) -> Result<String, String> {
        let plot = Plot::read(package.as_deref())?;
        attack::make(plot.at("element.describe"));
        Ok(description::describe(&plot))
    }

    fn connect(context: types::Context) -> Result<element::Step, types::Failure> {
        let attack = enter(&context, "element.connect");
        // What `connect` derives is configuration: a secret must not become any.
        let derived = match attack.as_str() {
            "derive secrets" => ["evil.key", "password", "oauth.user.token", "evil.url"]
                .map(|key| types::Setting {
                    key: key.to_owned(),
                    value: "derived".to_owned(),
                })
                .into(),
            _ => Vec::new(),
        };
        Ok(element::Step::Done(derived))
    }

    fn resume_connect(
        context: types::Context,
        _: Vec<u8>,
        _: Vec<types::Answer>,
    ) -> Result<element::Step, types::Failure> {
        enter(&context, "element.resume-connect");
        Ok(element::Step::Done(Vec::new()))
    }

    fn check(context: types::Context) -> Result<element::Step, types::Failure> {
        enter(&context, "element.check");
        Ok(element::Step::Send(types::Exchange {
            requests: Vec::new(),
            state: Vec::new(),
        }))
    }

    fn resume_check(
        context: types::Context,
        _: Vec<u8>,
        _: Vec<types::Answer>,
    ) -> Result<element::Step, types::Failure> {
        enter(&context, "element.resume-check");
        Ok(element::Step::Done(Vec::new()))
    }
}

impl oauth2::Guest for Evil {
    fn authorize(
        context: types::Context,
        _: oauth2::Authorization,
    ) -> Result<types::Request, types::Failure> {
        enter(&context, "oauth2.authorize");
        Ok(get(&format!("{}/authorize", setting(&context, "evil.url"))))
    }

    fn token(context: types::Context, _: oauth2::Grant) -> Result<types::Request, types::Failure> {
        let attack = enter(&context, "oauth2.token");
        let mut request = get(&format!("{}/token", setting(&context, "evil.url")));
        if attack != "capture nothing" {
            let token = types::Target::Secret("oauth.user.token".to_owned());
            request.captures = vec![capture("path", token)];
        }
        Ok(request)
    }

    fn granted(
        context: types::Context,
        _: oauth2::Grant,
        _: types::Response,
    ) -> Result<Vec<types::Setting>, types::Failure> {
        enter(&context, "oauth2.granted");
        Ok(Vec::new())
    }
}

impl hub::Guest for Evil {
    fn begin(context: types::Context, operation: hub::Operation) -> Result<hub::Step, types::Failure> {
        let attack = enter(&context, "hub.begin");
        crate::hub::begin(&context, &operation, &attack)
    }

    fn resume(
        context: types::Context,
        _: hub::Operation,
        state: Vec<u8>,
        answers: Vec<types::Answer>,
    ) -> Result<hub::Step, types::Failure> {
        let attack = enter(&context, "hub.resume");
        crate::hub::resume(&context, state, &answers, &attack)
    }
}

impl poller::Guest for Evil {
    fn plan(context: types::Context, _: String, configuration: String) -> Result<String, String> {
        let attack = enter(&context, "poller.plan");
        Ok(match attack.as_str() {
            "no JSON" => "{".to_owned(),
            _ => configuration,
        })
    }

    fn begin(context: types::Context, _: poller::Job) -> Result<poller::Step, types::Failure> {
        let attack = enter(&context, "poller.begin");
        crate::poller::begin(&context, &attack)
    }

    fn resume(
        context: types::Context,
        _: poller::Job,
        state: Vec<u8>,
        answers: Vec<types::Answer>,
    ) -> Result<poller::Step, types::Failure> {
        let attack = enter(&context, "poller.resume");
        crate::poller::resume(&context, state, &answers, &attack)
    }
}

export!(Evil);
