use architecture::place::matches;
use architecture::text::{Keep, rust, sql, without_tests};

fn blanked(text: &str) -> String {
    rust(text, Keep::Code).split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn comments_and_strings_are_blanked_and_nothing_else() {
    for (text, left) in [
        ("a // b\nc", "a c"),
        ("a /* b /* c */ d */ e", "a e"),
        ("a(\"// b\") c", "a( ) c"),
        ("a(\"\\\" b\") c", "a( ) c"),
        ("a(r#\"\" b\"#) c", "a( ) c"),
        ("a(br\"b\\\") c", "a( ) c"),
        ("a('\"') b('\\'') c", "a( ) b( ) c"),
        ("fn a<'x>(b: &'x str) { \"c\" }", "fn a<'x>(b: &'x str) { }"),
        ("r#type attr\"b\" c", "r#type attr c"),
    ] {
        assert_eq!(blanked(text), left, "{text}");
    }
    assert_eq!(rust("f(\"SELECT\") // x", Keep::CodeAndStrings).trim_end(), "f(\"SELECT\")");
    assert_eq!(rust("a\n/*\n*/\nb", Keep::Code).lines().count(), 4);
    assert_eq!(sql("SELECT 1 -- SECURITY\n, 2"), "SELECT 1 \n, 2");
}

#[test]
fn test_items_are_cut_out() {
    let text = "fn a() {}\n#[cfg(test)]\nmod tests {\n fn b() { if c {} }\n}\nfn d() {}\n#[cfg(test)]\nmod e;\nfn f() {}";
    let left = without_tests(text);
    assert_eq!(left.split_whitespace().collect::<Vec<_>>().join(" "), "fn a() {} fn d() {} fn f() {}");
    assert_eq!(left.lines().count(), text.lines().count());
}

#[test]
fn places_are_folders_or_files() {
    assert!(matches("services/*/src/store/", "services/triage/src/store/cases.rs"));
    assert!(matches("services/*/src/store.rs", "services/triage/src/store.rs"));
    assert!(!matches("services/*/src/store/", "services/triage/src/store.rs"));
    assert!(!matches("services/*/src/store/", "services/triage/src/handle/store/cases.rs"));
    assert!(!matches("services/intake/", "services/intake2/src/lib.rs"));
}
