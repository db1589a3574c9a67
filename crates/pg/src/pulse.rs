//! Whether the database answers, asked on a connection of its own: a pool that is busy is no database that is away.

use std::sync::Arc;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{ConnectOptions, Connection};
use tokio::time::timeout;

use crate::error::Error;

/// One connection, opened when first asked and again after a failure.
#[derive(Debug)]
pub struct Pulse {
    options: Arc<PgConnectOptions>,
    within: Duration,
    connection: Option<PgConnection>,
}

impl Pulse {
    pub(crate) fn new(options: Arc<PgConnectOptions>, within: Duration) -> Self {
        Self { options, within, connection: None }
    }

    /// Asks once, within the time a transaction may take to begin.
    pub async fn beat(&mut self) -> Result<(), Error> {
        // Taken out: a connection that did not answer in time is dropped with the question.
        let (known, options) = (self.connection.take(), self.options.clone());
        let asking = async move {
            let mut connection = match known {
                Some(connection) => connection,
                None => options.connect().await?,
            };
            connection.ping().await?;
            Ok::<_, sqlx::Error>(connection)
        };
        match timeout(self.within, asking).await {
            Ok(answered) => self.connection = Some(answered?),
            Err(_) => return Err(Error::overdue("the database did not answer in time")),
        }
        Ok(())
    }
}
