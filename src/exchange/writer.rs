//! The port for writing, over REST. What is written for a correction is in `command`.

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::client::{Call, Tally};
use super::query::Population;
use super::session::Anchor;
use super::{Error, Exchange, Operation, Priority, Writer, Written, command};
use crate::plan::{Correction, Object};

impl Writer for Exchange {
    fn correct<'a>(
        &'a self,
        object: Object,
        population: Population,
        corrections: &'a [Correction],
        priority: Priority,
    ) -> BoxFuture<'a, Result<Written, Error>> {
        async move {
            let (operation, command) = command::of_corrections(object, population, corrections)?;
            let anchor = match operation {
                Operation::SetIngestion => Anchor::AdminAuditLog,
                _ => Anchor::Organization,
            };
            let call = Call { operation, command, select: None, page_size: None, priority };
            let mut session = self.write.session(anchor);
            let address = self.write.address(&session, &call);
            let answer = self.write.send(&mut session, &call, address, &mut Tally::default()).await?;
            Ok(Written { request_id: answer.request_id, unchanged: answer.envelope.says_unchanged() })
        }
        .boxed()
    }
}
