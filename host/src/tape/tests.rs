use super::*;

fn beginning() -> Beginning {
    Beginning {
        now: 1_735_689_600_123,
        configuration: vec![types::Setting {
            key: "acme.url".to_owned(),
            value: "https://acme.example".to_owned(),
        }],
        secrets: vec!["acme.key".to_owned()],
        job: poller::Job {
            resource: "things".to_owned(),
            configuration: "{}".to_owned(),
            since: 1,
            until: 2,
            checkpoint: Some(vec![0, 255]),
        },
    }
}

fn request() -> types::Request {
    types::Request {
        method: "GET".to_owned(),
        url: "https://acme.example/things".to_owned(),
        headers: Vec::new(),
        body: types::Body::None,
        effect: types::Effect::Read,
        credentials: vec![types::Credential::Bearer("acme.key".to_owned())],
        captures: Vec::new(),
    }
}

fn answer(size: usize) -> types::Answer {
    Ok(types::Response {
        status: 200,
        headers: Vec::new(),
        body: vec![b'x'; size],
    })
}

fn changed() -> types::Changed {
    types::Changed {
        identity: "1".to_owned(),
        object_id: "1".to_owned(),
        change: types::Change::Created,
        updated: Some(3),
        created: None,
        raw: Vec::new(),
    }
}

/// A walk of one page, whose answer is so large.
fn record(recorder: &mut Recorder, size: usize) {
    recorder.begun(&beginning());
    recorder.asked(&request());
    recorder.handed(&answer(size));
    recorder.resumed(5);
    recorder.page(&[changed()], &Some(vec![7]));
}

fn texts(frames: &[Frame<'_>]) -> Vec<String> {
    let name = |frame: &Frame<'_>| {
        let text = format!("{frame:?}");
        text.split(|letter: char| !letter.is_alphanumeric())
            .next()
            .unwrap_or_default()
            .to_owned()
    };
    frames.iter().map(name).collect()
}

async fn read(recorder: Recorder) -> (Vec<Frame<'static>>, TapeExtent) {
    let (compressed, extent) = recorder.finish().await.unwrap();
    (frames(&compressed).unwrap(), extent)
}

#[tokio::test]
async fn what_is_taken_down_is_read_again() {
    let mut recorder = Recorder::new(1 << 20);
    record(&mut recorder, 100_000);
    recorder.ended(None);
    recorder.ended(Some("twice".to_owned()));
    let (read, extent) = read(recorder).await;
    assert!(extent.whole && extent.bytes > 100_000, "{extent:?}");
    assert_eq!(
        texts(&read),
        ["Begun", "Asked", "Handed", "Resumed", "Page", "Ended"]
    );
    let [
        Frame::Begun(begun),
        Frame::Asked(asked),
        Frame::Handed(handed),
        Frame::Resumed(5),
        Frame::Page(records, checkpoint),
        Frame::Ended(None),
    ] = read.as_slice()
    else {
        panic!("{read:?}");
    };
    assert_eq!(format!("{:?}", begun.as_ref()), format!("{:?}", beginning()));
    assert_eq!((asked.as_ref(), handed.as_ref()), (&request(), &answer(100_000)));
    assert_eq!(
        (records.as_ref(), checkpoint.as_ref()),
        (&[changed()][..], &Some(vec![7]))
    );
}

#[tokio::test]
async fn a_walk_that_begins_again_begins_the_tape_again() {
    let mut recorder = Recorder::new(1 << 20);
    record(&mut recorder, 10);
    record(&mut recorder, 20);
    let (read, extent) = read(recorder).await;
    assert_eq!(texts(&read), ["Begun", "Asked", "Handed", "Resumed", "Page"]);
    assert!(extent.whole);
}

#[tokio::test]
async fn a_tape_ends_with_its_budget_and_knows_its_length() {
    let mut recorder = Recorder::new(1000);
    record(&mut recorder, 10_000);
    recorder.asked(&request());
    recorder.handed(&answer(10));
    recorder.ended(None);
    let (read, extent) = read(recorder).await;
    assert_eq!(
        texts(&read),
        ["Begun", "Asked"],
        "what follows the answer that does not fit is of no use"
    );
    assert!(
        !extent.whole && extent.bytes > 10_000 && extent.bytes < 11_000,
        "{extent:?}"
    );
}

#[tokio::test]
async fn what_the_host_gave_up_has_no_end() {
    let mut recorder = Recorder::new(1000);
    recorder.begun(&beginning());
    recorder.asked(&request());
    recorder.ended(Some("the host's".to_owned()));
    assert_eq!(texts(&read(recorder).await.0), ["Begun", "Asked"]);
    assert!(
        Recorder::new(1000).finish().await.is_none(),
        "nothing was taken down"
    );
}

#[tokio::test]
async fn a_tape_is_opened_in_its_place_only() {
    let vault = Vault::new([7; 32]);
    let mut recorder = Recorder::new(1000);
    record(&mut recorder, 10);
    let (instance, poll) = (InstanceId(1), PollId(2));
    let PollTape { sealed, .. } = seal(&vault, instance, poll, recorder.finish().await.unwrap()).unwrap();
    assert!(open(&vault, instance, poll, &sealed).is_ok());
    for (instance, poll) in [(InstanceId(2), poll), (instance, PollId(3))] {
        assert!(matches!(
            open(&vault, instance, poll, &sealed),
            Err(TapeError::Vault(_))
        ));
    }
    assert!(!sealed.windows(4).any(|window| window == b"acme"), "it is sealed");
}

#[tokio::test]
async fn hostile_tapes_are_refused() {
    let mut recorder = Recorder::new(1 << 20);
    record(&mut recorder, 100);
    let (good, _) = recorder.finish().await.unwrap();
    let mut hostile = vec![vec![], vec![9], good[1..].to_vec(), vec![VERSION, 0xff, 0xff]];
    hostile.push([&[VERSION + 1][..], &good[1..]].concat());
    hostile.push(compress(&[200, 200, 200]));
    // A list that claims more than there is.
    hostile.push(compress(&[4, 0xff, 0xff, 0xff, 0xff, 0x0f]));
    for cut in 1..good.len() {
        hostile.push(good[..cut].to_vec());
    }
    for tape in hostile {
        assert!(matches!(frames(&tape), Err(TapeError::Foreign(_))), "{tape:?}");
    }
}
