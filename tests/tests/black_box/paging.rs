//! The invariant of pages: they are the list, cut.

use periodic_tests::Stage;
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_any_size_are_the_list_cut() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    let instance = stage
        .instance_with(json!({ "event.notification.enabled": false }))
        .await?;
    let api = stage.api.element(&instance.token);
    for number in 0..23 {
        // Names that are the same in pairs: the order among them has to hold as well.
        let name = format!("Name{:02}", number / 2);
        stage
            .provider
            .contact_with(json!({ "LastName": name, "Position": "Paged" }))?;
    }
    let filter = "where=Position='Paged'";
    // So few that the provider's budget of requests is not spent.
    for order in ["", "&orderBy=LastName desc"] {
        let list = async |query: String| -> anyhow::Result<(Vec<Value>, String, String)> {
            let answer = api
                .get(&format!("/hubs/crm/contacts?{filter}{order}{query}"))
                .await?;
            let next = answer.header("elements-next-page-token").to_owned();
            let total = answer.header("elements-total-count").to_owned();
            let returned = answer.header("elements-returned-count").to_owned();
            let records = answer.ok()?.as_array().cloned().unwrap_or_default();
            assert_eq!(returned, records.len().to_string());
            Ok((records, next, total))
        };
        let (all, next, total) = list("&pageSize=100&returnTotalCount=true".to_owned()).await?;
        assert_eq!((all.len(), next.as_str()), (23, ""));
        assert!(total.is_empty() || total == "23", "{total}");
        for size in [3, 7, 22, 23, 24] {
            let mut walked = Vec::new();
            let mut token = String::new();
            let mut page = 1;
            loop {
                let next = if token.is_empty() {
                    format!("&pageSize={size}")
                } else {
                    // Cloud Elements' own tests send the number beside the token.
                    format!("&pageSize={size}&nextPage={token}&page={page}")
                };
                let (records, next, _) = list(next).await?;
                assert!(records.len() <= size, "pageSize {size}, page {page}");
                let (numbered, ..) = list(format!("&pageSize={size}&page={page}")).await?;
                assert_eq!(numbered, records, "pageSize {size}, page {page} by number");
                walked.extend(records);
                token = next;
                if token.is_empty() {
                    break;
                }
                page += 1;
            }
            assert_eq!(walked, all, "pageSize {size}{order}");
        }
        let (none, next, _) = list("&pageSize=10&page=9".to_owned()).await?;
        assert_eq!((none.len(), next.as_str()), (0, ""));
    }
    Ok(())
}
