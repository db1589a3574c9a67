//! `streetwise migrate`: roles, schemas and tables of every service, as an administrator.
//!
//! Repeatable; each service's migrations know what was applied. A database that is ahead of this binary is refused.

use bootstrap::{Service, schema};

use crate::cli::Migrate;
use crate::failure::Failure;

/// Runs the command.
pub async fn run(arguments: &Migrate) -> Result<(), Failure> {
    let url = &arguments.admin_url;
    one::<intake::Intake>(url).await?;
    one::<triage::Triage>(url).await?;
    one::<dispatch::Dispatch>(url).await?;
    one::<notification::Notification>(url).await?;
    one::<directory::Directory>(url).await?;
    one::<console::Console>(url).await?;
    println!("✓ 数据库已就绪 / the database is ready");
    Ok(())
}

async fn one<S: Service>(admin_url: &str) -> Result<(), Failure> {
    let next = "请核对 --admin-url：数据库须已存在且该用户为管理员 / check --admin-url: the database must exist and its \
                user be an administrator";
    let doing = || format!("迁移 / migrating {}", S::NAME);
    pg::migrate::apply(admin_url, &schema::<S>())
        .await
        .map_err(|error| Failure::world(doing(), next, error))?;
    println!("  ✓ {}", S::NAME);
    Ok(())
}
