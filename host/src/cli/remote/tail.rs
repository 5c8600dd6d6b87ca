//! `periodic events tail`: the stream of events, taken up again where it broke off.

use std::time::Duration;

use futures::StreamExt as _;
use owo_colors::{OwoColorize as _, Stream};
use serde_json::Value;

use super::{Target, segment};

/// The pause before a stream that broke off is taken up again.
const PAUSE: Duration = Duration::from_secs(2);

/// Print events until interrupted, or so many. A stream that never began is an error; one that broke off is not.
pub(super) async fn run(
    target: &Target,
    instance: Option<&str>,
    after: Option<String>,
    limit: Option<u64>,
) -> anyhow::Result<()> {
    let path = match instance {
        Some(instance) => format!("/instances/{}/events/stream", segment(instance)),
        None => "/instances/events/stream".to_owned(),
    };
    let client = target.client()?;
    let (mut last, mut began, mut left) = (after, false, limit);
    loop {
        let opened = client.stream(&path, last.as_deref()).await;
        let mut pieces = match opened {
            Ok(pieces) => Box::pin(pieces),
            Err(error) if began && error.may_pass() => {
                eprintln!("{error}; trying again");
                tokio::time::sleep(PAUSE).await;
                continue;
            }
            Err(error) => return Err(error.into()),
        };
        began = true;
        let mut frames = Frames::default();
        while let Some(Ok(piece)) = pieces.next().await {
            for frame in frames.push(&piece) {
                if let Some(id) = &frame.id {
                    last = Some(id.clone());
                }
                if frame.data.is_empty() {
                    // Where the stream begins, before anything came.
                    continue;
                }
                show(target.json, &frame);
                left = left.map(|left| left.saturating_sub(1));
                if left == Some(0) {
                    return Ok(());
                }
            }
        }
        eprintln!("the stream ended; taking it up again");
        tokio::time::sleep(PAUSE).await;
    }
}

fn show(json: bool, frame: &Frame) {
    if json {
        println!("{}", identified(frame));
        return;
    }
    let event: Value = serde_json::from_str(&frame.data).unwrap_or_default();
    let details = event.pointer("/notifiedData/0").unwrap_or(&Value::Null);
    let changes = details.get("events").and_then(Value::as_array);
    for change in changes.into_iter().flatten() {
        let text = |member: &str| {
            change
                .get(member)
                .and_then(Value::as_str)
                .unwrap_or("?")
                .to_owned()
        };
        let kind = text("eventType");
        let kind = kind.if_supports_color(Stream::Stdout, |kind| match kind.as_str() {
            "CREATED" => kind.green().to_string(),
            "DELETED" => kind.red().to_string(),
            _ => kind.cyan().to_string(),
        });
        let instance = details.get("instanceName").and_then(Value::as_str).unwrap_or("?");
        println!(
            "{} {kind} {} {} of {instance}",
            text("date"),
            text("objectType"),
            text("objectId")
        );
    }
}

/// The event with the id that `--after` takes.
fn identified(frame: &Frame) -> String {
    match (serde_json::from_str(&frame.data), &frame.id) {
        (Ok(Value::Object(mut members)), Some(id)) => {
            members.insert("streamId".to_owned(), id.as_str().into());
            Value::Object(members).to_string()
        }
        _ => frame.data.clone(),
    }
}

/// An event of a stream.
#[derive(Debug, Default, PartialEq, Eq)]
struct Frame {
    id: Option<String>,
    data: String,
}

/// Puts the pieces of a stream of server-sent events together.
#[derive(Debug, Default)]
struct Frames {
    rest: Vec<u8>,
    frame: Frame,
}

impl Frames {
    fn push(&mut self, piece: &[u8]) -> Vec<Frame> {
        self.rest.extend_from_slice(piece);
        let mut frames = Vec::new();
        while let Some(end) = memchr::memchr(b'\n', &self.rest) {
            let line: Vec<u8> = self.rest.drain(..=end).collect();
            let line = String::from_utf8_lossy(&line);
            let line = line.trim_end_matches(['\n', '\r']);
            if line.is_empty() {
                let frame = std::mem::take(&mut self.frame);
                frames.extend(Some(frame).filter(|frame| *frame != Frame::default()));
                continue;
            }
            let (field, value) = line.split_once(':').unwrap_or((line, ""));
            let value = value.strip_prefix(' ').unwrap_or(value);
            match field {
                "id" => self.frame.id = Some(value.to_owned()),
                "data" if self.frame.data.is_empty() => value.clone_into(&mut self.frame.data),
                "data" => {
                    self.frame.data.push('\n');
                    self.frame.data.push_str(value);
                }
                _ => {}
            }
        }
        frames
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_found_wherever_the_network_cuts() {
        let stream =
            ":\n\nid: 6\n\nid: 7\nevent: event\ndata: {\"a\":\ndata: 1}\n\r\ndata:x\nretry: 5\n\nid: 9\n";
        let frame = |id: Option<&str>, data: &str| Frame {
            id: id.map(str::to_owned),
            data: data.to_owned(),
        };
        let expected = [
            frame(Some("6"), ""),
            frame(Some("7"), "{\"a\":\n1}"),
            frame(None, "x"),
        ];
        for length in 1..stream.len() {
            let mut frames = Frames::default();
            let found: Vec<_> = stream
                .as_bytes()
                .chunks(length)
                .flat_map(|piece| frames.push(piece))
                .collect();
            assert_eq!(found, expected, "{length}");
        }
    }
}
