//! Which instance an answer is about: a header says so, of refusals as well.

use std::cell::Cell;

use axum::{
    extract::Request,
    http::{HeaderName, HeaderValue},
    middleware::Next,
    response::Response,
};

use crate::store::InstanceId;

const INSTANCE_ID: HeaderName = HeaderName::from_static("elements-element-instance-id");

tokio::task_local! {
    /// The instance that the request of the current task addresses, once that is known.
    static ADDRESSED: Cell<Option<InstanceId>>;
}

/// The request addresses this instance.
pub(in crate::api) fn addressed(instance: InstanceId) {
    // Elsewhere than among the resources nobody wants to know.
    let _nobody_asks = ADDRESSED.try_with(|addressed| addressed.set(Some(instance)));
}

/// Say in the answer which instance was addressed.
pub(super) async fn tell(request: Request, next: Next) -> Response {
    let answered = async {
        let mut response = next.run(request).await;
        if let Some(InstanceId(id)) = ADDRESSED.with(Cell::get) {
            response.headers_mut().insert(INSTANCE_ID, HeaderValue::from(id));
        }
        response
    };
    ADDRESSED.scope(Cell::new(None), answered).await
}
