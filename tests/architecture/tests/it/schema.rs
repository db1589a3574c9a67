use architecture::schema::{foreign_schema, unguarded};
use architecture::source::{self, Source};

use crate::none;

#[test]
fn every_table_has_row_security() {
    let migrations: Vec<_> =
        source::read(&["sql"]).into_iter().filter(|source| source.path.contains("/migrations/")).collect();
    assert!(!migrations.is_empty(), "no migration was found");
    none(migrations.iter().flat_map(unguarded).collect());
}

#[test]
fn a_table_without_row_security_is_named() {
    let check =
        |text: &str| unguarded(&Source::made_up("services/triage/migrations/0002_more.sql", text)).len();
    assert_eq!(check("CREATE TABLE cases (id uuid);"), 1);
    assert_eq!(check("CREATE TABLE cases (id uuid); -- SELECT tenant_table('cases');"), 1);
    assert_eq!(check("CREATE TABLE cases (id uuid);\nSELECT infrastructure_table('cases');"), 1);
    assert_eq!(check("CREATE TABLE cases (id uuid);\nSELECT tenant_table('cases');"), 0);
    assert_eq!(check("CREATE TABLE inbox_rest PARTITION OF inbox DEFAULT;"), 0);
}

#[test]
fn no_service_reads_anothers_schema() {
    let stores =
        source::read(&["rs", "sql"]).into_iter().filter(|source| source.path.starts_with("services/"));
    none(
        stores
            .filter(|source| !source.path.starts_with("services/streetwise/"))
            .flat_map(|s| foreign_schema(&s))
            .collect(),
    );
}

#[test]
fn a_foreign_schema_is_named() {
    let check =
        |text: &str| foreign_schema(&Source::made_up("services/triage/src/store/cases.rs", text)).len();
    assert_eq!(check("query!(\"SELECT id FROM dispatch.orders\")"), 1);
    assert_eq!(check("query!(\"SELECT 1 FROM triage.cases c JOIN intake.reports r ON true\")"), 1);
    assert_eq!(check("query!(\"INSERT INTO triage.cases (id) SELECT id FROM UNNEST($1::uuid[])\")"), 0);
    assert_eq!(check("// FROM dispatch.orders"), 0);
}
