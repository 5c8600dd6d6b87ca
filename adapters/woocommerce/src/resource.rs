//! What the store holds.

use periodic_sdk::contract::Failure;

/// How changes of a resource are looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Feed {
    /// By `modified_after`, oldest first.
    Modified,
    /// Not at all: every record is read, the newest first.
    Scan,
}

/// A resource.
#[derive(Debug)]
pub(crate) struct Resource {
    /// Its name in the hub.
    pub(crate) name: &'static str,
    /// Its path in the API.
    pub(crate) path: &'static str,
    /// What topics of webhooks begin with; none where it goes by another name.
    pub(crate) topic: Option<&'static str>,
    /// How its changes are looked for.
    pub(crate) feed: Feed,
    /// Its fields.
    pub(crate) fields: &'static [(&'static str, &'static str)],
}

const DATES: [(&str, &str); 4] = [
    ("date_created", "date"),
    ("date_created_gmt", "date"),
    ("date_modified", "date"),
    ("date_modified_gmt", "date"),
];

/// The dates that every resource has.
pub(crate) fn dates() -> impl Iterator<Item = (&'static str, &'static str)> {
    DATES.into_iter()
}

const CUSTOMER: &[(&str, &str)] = &[
    ("id", "number"),
    ("email", "string"),
    ("first_name", "string"),
    ("last_name", "string"),
    ("role", "string"),
    ("username", "string"),
    ("billing", "object"),
    ("shipping", "object"),
    ("is_paying_customer", "boolean"),
    ("avatar_url", "string"),
    ("meta_data", "array"),
];

const ORDER: &[(&str, &str)] = &[
    ("id", "number"),
    ("parent_id", "number"),
    ("number", "string"),
    ("order_key", "string"),
    ("created_via", "string"),
    ("version", "string"),
    ("status", "string"),
    ("currency", "string"),
    ("discount_total", "string"),
    ("shipping_total", "string"),
    ("total", "string"),
    ("total_tax", "string"),
    ("customer_id", "number"),
    ("customer_note", "string"),
    ("billing", "object"),
    ("shipping", "object"),
    ("payment_method", "string"),
    ("payment_method_title", "string"),
    ("transaction_id", "string"),
    ("date_paid_gmt", "date"),
    ("date_completed_gmt", "date"),
    ("meta_data", "array"),
    ("line_items", "array"),
    ("tax_lines", "array"),
    ("shipping_lines", "array"),
    ("fee_lines", "array"),
    ("coupon_lines", "array"),
    ("refunds", "array"),
];

const PRODUCT: &[(&str, &str)] = &[
    ("id", "number"),
    ("name", "string"),
    ("slug", "string"),
    ("permalink", "string"),
    ("type", "string"),
    ("status", "string"),
    ("featured", "boolean"),
    ("description", "string"),
    ("short_description", "string"),
    ("sku", "string"),
    ("price", "string"),
    ("regular_price", "string"),
    ("sale_price", "string"),
    ("on_sale", "boolean"),
    ("total_sales", "number"),
    ("manage_stock", "boolean"),
    ("stock_quantity", "number"),
    ("stock_status", "string"),
    ("weight", "string"),
    ("dimensions", "object"),
    ("parent_id", "number"),
    ("categories", "array"),
    ("tags", "array"),
    ("images", "array"),
    ("attributes", "array"),
    ("variations", "array"),
    ("meta_data", "array"),
];

const COUPON: &[(&str, &str)] = &[
    ("id", "number"),
    ("code", "string"),
    ("amount", "string"),
    ("discount_type", "string"),
    ("description", "string"),
    ("date_expires_gmt", "date"),
    ("usage_count", "number"),
    ("individual_use", "boolean"),
    ("product_ids", "array"),
    ("usage_limit", "number"),
    ("free_shipping", "boolean"),
    ("minimum_amount", "string"),
    ("maximum_amount", "string"),
    ("meta_data", "array"),
];

const fn resource(
    name: &'static str,
    path: &'static str,
    topic: Option<&'static str>,
    feed: Feed,
    fields: &'static [(&'static str, &'static str)],
) -> Resource {
    Resource {
        name,
        path,
        topic,
        feed,
        fields,
    }
}

/// All of them. `discounts` is what Cloud Elements calls coupons.
pub(crate) const RESOURCES: [Resource; 5] = [
    resource("customers", "customers", Some("customer"), Feed::Scan, CUSTOMER),
    resource("orders", "orders", Some("order"), Feed::Modified, ORDER),
    resource("products", "products", Some("product"), Feed::Modified, PRODUCT),
    resource("coupons", "coupons", Some("coupon"), Feed::Modified, COUPON),
    resource("discounts", "coupons", None, Feed::Modified, COUPON),
];

/// The resource of this name, or who there is.
pub(crate) fn lookup(name: &str) -> Result<&'static Resource, String> {
    let known = RESOURCES.iter().find(|resource| resource.name == name);
    known.ok_or_else(|| {
        let names: Vec<&str> = RESOURCES.iter().map(|resource| resource.name).collect();
        format!("there is no resource {name:?}; there are {}", names.join(", "))
    })
}

/// [`lookup`] for a caller.
pub(crate) fn find(name: &str) -> Result<&'static Resource, Failure> {
    lookup(name).map_err(|what| Failure::NotFound(what.into()))
}
