//! Training and judging as a whole, on messages made up from a seed.

use proptest::prelude::*;

use super::chance::Chance;
use super::*;

const SEED: u64 = 20_261_129;

/// Words that tell the three labels apart, and words that everybody writes.
const OWN: [(&str, &[&str]); 3] = [
    ("交通运输", &["公交", "线路", "车次", "出租车", "司机", "站台", "高速", "收费站"]),
    ("卫生计生", &["医院", "医生", "挂号", "病房", "药费", "护士", "疫苗", "手术"]),
    ("教育文体", &["学校", "老师", "补课", "招生", "校车", "幼儿园", "操场", "学费"]),
];
const COMMON: [&str; 10] =
    ["您好", "我们", "小区", "居民", "希望", "领导", "重视", "尽快", "解决", "反映问题"];

/// Messages whose words are drawn, one in ten of another label's, one in twenty wrongly labelled.
fn made_up(chance: &mut Chance, count: usize) -> Vec<Example> {
    (0..count).map(|_| one(chance)).collect()
}

fn one(chance: &mut Chance) -> Example {
    let label = chance.below(OWN.len());
    let mut word = || {
        let own = if chance.below(10) == 0 { chance.below(OWN.len()) } else { label };
        let words = if chance.below(2) == 0 { &COMMON[..] } else { OWN[own].1 };
        words[chance.below(words.len())]
    };
    let detail: Vec<&str> = (0..12).map(|_| word()).collect();
    let subject = [word(), word()].concat();
    let label = if chance.below(20) == 0 { chance.below(OWN.len()) } else { label };
    Example { subject, detail: detail.join("，"), label: OWN[label].0.to_owned() }
}

fn trained(segmenter: &Segmenter, threads: usize) -> Classifier {
    println!("seed {SEED}");
    let examples = made_up(&mut Chance::new(SEED), 600);
    train(&examples, segmenter, Settings { seed: 1, threads, bytes_max: BYTES_MAX }, &|_| {}).unwrap()
}

#[test]
fn unseen_messages_are_judged_well_and_probabilities_hold() {
    let segmenter = Segmenter::new();
    let model = trained(&segmenter, 2);
    let unseen = made_up(&mut Chance::new(SEED + 1), 2_000);
    let place = |label: &str| model.head().labels.iter().position(|other| other == label).unwrap();
    let score = model.score(&segmenter, unseen.iter().map(|one| (one.message(), place(&one.label))));
    println!("{score:?}");
    // One in thirty labels is another than the words say (two of three wrong draws differ).
    assert!(score.accuracy > 0.93 && score.macro_f1 > 0.93 && score.ece < 0.04);
    assert!((model.head().held_out.accuracy - score.accuracy).abs() < 0.04);
}

#[test]
fn a_bounded_model_is_within_its_bound_and_still_judges() {
    let segmenter = Segmenter::new();
    let examples = made_up(&mut Chance::new(SEED), 600);
    let bounded = |bytes_max| {
        let settings = Settings { seed: 1, threads: 2, bytes_max };
        train(&examples, &segmenter, settings, &|_| {}).unwrap()
    };
    let (whole, small) = (bounded(BYTES_MAX), bounded(BYTES_MIN));
    assert!(small.to_bytes().len() <= BYTES_MIN && small.features() > 0, "{}", small.to_bytes().len());
    assert!(small.features() <= whole.features());
    assert!(small.head().held_out.accuracy > 0.8, "{:?}", small.head().held_out);
    let none = train(&examples, &segmenter, Settings { seed: 1, threads: 2, bytes_max: 0 }, &|_| {});
    assert_eq!(none.unwrap_err(), TrainError::NoRoom { bytes_max: 0, labels: 3 });
}

#[test]
fn the_same_seed_gives_the_same_bytes_on_any_number_of_threads() {
    let segmenter = Segmenter::new();
    let bytes = trained(&segmenter, 1).to_bytes();
    assert!(bytes == trained(&segmenter, 3).to_bytes());
    let other = made_up(&mut Chance::new(SEED), 600);
    let other =
        train(&other, &segmenter, Settings { seed: 2, threads: 2, bytes_max: BYTES_MAX }, &|_| {}).unwrap();
    assert!(bytes != other.to_bytes());
}

#[test]
fn the_reason_names_the_words_in_both_languages() {
    let segmenter = Segmenter::new();
    let model = trained(&segmenter, 2);
    let account =
        model.explain(&segmenter, Message { subject: "公交线路", detail: "您好，希望司机在站台停车" });
    assert_eq!(account.label, "交通运输");
    let words: Vec<&str> = account.words.iter().map(|word| word.word.as_str()).collect();
    assert!(words.contains(&"公交线路") && words.contains(&"司机"), "{words:?}");
    assert!(!words.contains(&"您好"), "{words:?}");
    let told = account.to_string();
    let (zh, en) = told.split_once('\n').unwrap();
    assert!(
        zh.starts_with("判为“交通运输”（可信度 ") && zh.contains("主要依据：") && zh.contains("公交"),
        "{zh}"
    );
    assert!(en.starts_with("judged 交通运输 (") && en.contains("because of: "), "{en}");
    let strange = model.explain(&segmenter, Message::from("xyzzy"));
    assert!(strange.words.is_empty() && strange.to_string().contains("没有可识别的词"));
}

#[test]
fn examples_that_teach_nothing_are_refused() {
    let segmenter = Segmenter::new();
    let example = |text: &str, label: &str| Example {
        subject: String::new(),
        detail: text.to_owned(),
        label: label.to_owned(),
    };
    let refusal = |examples: &[Example]| {
        train(examples, &segmenter, Settings { seed: 1, threads: 1, bytes_max: BYTES_MAX }, &|_| {})
            .unwrap_err()
    };
    assert_eq!(refusal(&[]), TrainError::FewLabels(0));
    assert_eq!(refusal(&[example("路灯", "a")]), TrainError::FewLabels(1));
    let four: Vec<_> =
        (0..4).map(|_| example("路灯", "a")).chain((0..9).map(|_| example("公交", "b"))).collect();
    assert_eq!(refusal(&four), TrainError::FewExamples { label: "a".to_owned(), examples: 4 });
    let apart: Vec<_> =
        ('一'..='九').take(10).enumerate().map(|(n, c)| example(&c.to_string(), ["a", "b"][n % 2])).collect();
    assert_eq!(refusal(&apart), TrainError::NothingShared);
}

#[test]
fn a_damaged_model_is_refused_and_says_how() {
    let segmenter = Segmenter::new();
    let model = trained(&segmenter, 2);
    let bytes = model.to_bytes();
    let read = Classifier::from_bytes(&bytes).unwrap();
    assert_eq!(read.head(), model.head());
    let text = Message::from("公交司机在站台甩客");
    let judged = |model: &Classifier| model.judge(&segmenter, text, &mut Scratch::default());
    assert_eq!(judged(&read), judged(&model));

    let refusal = |bytes: &[u8]| Classifier::from_bytes(bytes).unwrap_err();
    assert_eq!(refusal(b""), DamagedModel::NotAModel);
    assert_eq!(refusal(b"PK\x03\x04 something else"), DamagedModel::NotAModel);
    assert_eq!(refusal(&bytes[..bytes.len() / 2]), DamagedModel::Checksum);
    let mut newer = bytes.clone();
    newer[7] = 9;
    assert_eq!(refusal(&newer), DamagedModel::Version(9));
    for at in (8..bytes.len()).step_by(997) {
        let mut flipped = bytes.clone();
        flipped[at] ^= 0x10;
        assert_eq!(refusal(&flipped), DamagedModel::Checksum, "byte {at}");
    }
}

/// The checksum again, over a content that was changed on purpose.
fn resealed(mut content: Vec<u8>) -> Vec<u8> {
    let sum = crc32fast::hash(&content);
    content.extend(sum.to_le_bytes());
    content
}

#[test]
fn a_content_that_contradicts_itself_is_refused_though_its_checksum_fits() {
    let bytes = trained(&Segmenter::new(), 2).to_bytes();
    let content = &bytes[..bytes.len() - 4];
    let mut longer = content.to_vec();
    longer.push(0);
    assert_eq!(
        Classifier::from_bytes(&resealed(longer)).unwrap_err(),
        DamagedModel::Inconsistent("bytes after its end")
    );
    let shorter = content[..content.len() - 9].to_vec();
    assert!(matches!(Classifier::from_bytes(&resealed(shorter)), Err(DamagedModel::Length { .. })));
    let mut headless = content.to_vec();
    headless[12] = b'!';
    assert_eq!(
        Classifier::from_bytes(&resealed(headless)).unwrap_err(),
        DamagedModel::Inconsistent("its head")
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn fuzz_any_bytes_are_refused_or_read(tail: Vec<u8>, sealed: bool) {
        let content: Vec<u8> = b"SWCLSFY\x01".iter().copied().chain(tail).collect();
        let bytes = if sealed { resealed(content) } else { content };
        prop_assert!(Classifier::from_bytes(&bytes).is_err());
    }

    #[test]
    fn fuzz_any_lines_are_examples_or_faults(text in "(\\PC{0,20}\n|\\{\"text\":\"[^\"\\\\]{0,9}\",\"label\":\"[ab ]{0,3}\"\\}\n){0,8}") {
        let (found, faults) = examples(&text);
        let lines = text.trim_start_matches('\u{feff}').lines().filter(|line| !line.trim().is_empty()).count();
        prop_assert_eq!(found.len() + faults.len(), lines);
    }
}

#[test]
fn fuzz_any_text_is_judged_and_its_words_explain_it() {
    let segmenter = Segmenter::new();
    let model = trained(&segmenter, 2);
    let texts = (any::<String>(), "[公交医院学校 ，。a9]{0,60}");
    proptest!(ProptestConfig::with_cases(128), |((subject, detail) in texts)| {
        let message = Message { subject: &subject, detail: &detail };
        let judged = model.judge(&segmenter, message, &mut Scratch::default());
        let sum: f32 = judged.probabilities.iter().sum();
        prop_assert!((sum - 1.0).abs() < 1e-3 && (0.0..=1.0).contains(&judged.confidence));
        let account = model.explain(&segmenter, message);
        prop_assert_eq!(&account.label, model.label(judged.label));
        prop_assert!(account.words.is_sorted_by(|a, b| a.weight_permille >= b.weight_permille));
    });
}
