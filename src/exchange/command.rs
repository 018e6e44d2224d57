//! What is sent: cmdlets with their parameters, and for each set of corrections the one Set call that
//! makes them true with the fewest parameters.

use serde_json::{Map, Value, json};

use super::query::Population;
use super::{Error, ErrorKind, Operation};
use crate::domain::{ActionSet, LogonType, LogonTypes, OrganizationSwitch};
use crate::plan::{Correction, Object};

/// A cmdlet with its parameters.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Command {
    pub(super) cmdlet: &'static str,
    pub(super) parameters: Map<String, Value>,
}

impl Command {
    pub(super) fn new(cmdlet: &'static str) -> Self {
        Self { cmdlet, parameters: Map::new() }
    }

    pub(super) fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.parameters.insert(name.to_owned(), value.into());
        self
    }

    /// `Get-Mailbox` on one of the populations.
    pub(super) fn get_mailbox(population: Population) -> Self {
        let command = Self::new("Get-Mailbox");
        match population {
            Population::Plain => command,
            Population::Groups => command.with("GroupMailbox", true),
            Population::PublicFolders => command.with("PublicFolder", true),
            Population::Inactive => command.with("InactiveMailboxOnly", true),
        }
    }

    /// The body of the request. Source: the service's own metadata (`CmdletInvokeInputType`).
    pub(super) fn body(&self) -> Vec<u8> {
        json!({"CmdletInput": {"CmdletName": self.cmdlet, "Parameters": self.parameters}})
            .to_string()
            .into_bytes()
    }
}

/// The Set call of a change. Corrections that one call cannot say are [`ErrorKind::Misuse`].
pub(super) fn of_corrections(
    object: Object,
    population: Population,
    corrections: &[Correction],
) -> Result<(Operation, Command), Error> {
    match object {
        Object::Organization => match corrections {
            [Correction::SwitchOn(OrganizationSwitch::MailboxAuditing)] => Ok((
                Operation::SetOrganization,
                Command::new("Set-OrganizationConfig").with("AuditDisabled", false),
            )),
            [Correction::SwitchOn(OrganizationSwitch::UnifiedAuditLogIngestion)] => Ok((
                Operation::SetIngestion,
                Command::new("Set-AdminAuditLogConfig").with("UnifiedAuditLogIngestionEnabled", true),
            )),
            _ => Err(misuse(Operation::SetOrganization, "one switch at a time")),
        },
        Object::Mailbox(id) => {
            let command = Command::new("Set-Mailbox").with("Identity", id.to_string());
            let command = match population {
                Population::Plain => command,
                Population::Groups => command.with("GroupMailbox", true),
                Population::PublicFolders => command.with("PublicFolder", true),
                Population::Inactive => {
                    return Err(misuse(Operation::SetMailbox, "inactive mailboxes cannot be set"));
                }
            };
            Ok((Operation::SetMailbox, of_mailbox(command, corrections)?))
        }
    }
}

fn of_mailbox(mut command: Command, corrections: &[Correction]) -> Result<Command, Error> {
    if corrections.is_empty() {
        return Err(misuse(Operation::SetMailbox, "nothing to correct"));
    }
    for correction in corrections {
        let (name, value) = match correction {
            Correction::Enable => ("AuditEnabled", json!(true)),
            Correction::Disable => ("AuditEnabled", json!(false)),
            Correction::SetLogAge(age) => ("AuditLogAgeLimit", json!(format!("{}.00:00:00", age.days()))),
            Correction::KeepByMicrosoft { set, .. } => ("DefaultAuditSet", json!(words(*set))),
            // An empty list clears nothing: `None` is the documented word (Microsoft Learn, "Set-Mailbox").
            Correction::LogNothing(kind) => (property(*kind), json!(["None"])),
            Correction::Add { kind, actions } => {
                edit(&mut command, *kind, "Add", actions)?;
                continue;
            }
            Correction::Remove { kind, actions } => {
                edit(&mut command, *kind, "Remove", actions)?;
                continue;
            }
            Correction::SwitchOn(_) => {
                return Err(misuse(Operation::SetMailbox, "a switch of the organization is no mailbox's"));
            }
        };
        // Several types that return are one set, and each of their corrections says the whole of it.
        let before = command.parameters.insert(name.to_owned(), value.clone());
        if before.is_some_and(|before| before != value) {
            return Err(misuse(Operation::SetMailbox, "two corrections of one setting"));
        }
    }
    let lists = LogonType::ALL.iter().any(|kind| command.parameters.contains_key(property(*kind)));
    if lists && command.parameters.contains_key("DefaultAuditSet") {
        // What the service makes of both in one call is documented nowhere.
        return Err(misuse(Operation::SetMailbox, "a list together with the set that Microsoft keeps"));
    }
    Ok(command)
}

/// Edits a list in place, so that what an administrator added meanwhile stays. Without its type
/// annotation the service takes the object for a value and refuses it (seen in public clients).
fn edit(command: &mut Command, kind: LogonType, verb: &str, actions: &ActionSet) -> Result<(), Error> {
    let list = command
        .parameters
        .entry(property(kind))
        .or_insert_with(|| json!({"@odata.type": "#Exchange.GenericHashTable"}));
    match list.as_object_mut() {
        Some(edits) if !edits.contains_key(verb) && !actions.is_empty() => {
            edits.insert(verb.to_owned(), json!(actions.names()));
            Ok(())
        }
        _ => Err(misuse(Operation::SetMailbox, "two corrections of one list, or an empty one")),
    }
}

const fn property(kind: LogonType) -> &'static str {
    match kind {
        LogonType::Admin => "AuditAdmin",
        LogonType::Delegate => "AuditDelegate",
        LogonType::Owner => "AuditOwner",
    }
}

fn words(set: LogonTypes) -> Vec<&'static str> {
    set.iter()
        .map(|kind| match kind {
            LogonType::Admin => "Admin",
            LogonType::Delegate => "Delegate",
            LogonType::Owner => "Owner",
        })
        .collect()
}

fn misuse(operation: Operation, text: &str) -> Error {
    Error::new(operation, ErrorKind::Misuse).with_text(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{LogAge, MailboxId};
    use uuid::Uuid;

    const ID: &str = "33333333-3333-3333-3333-333333333333";

    fn body(corrections: &[Correction]) -> Result<Value, Error> {
        let object = Object::Mailbox(MailboxId(Uuid::parse_str(ID).expect("a GUID")));
        let (operation, command) = of_corrections(object, Population::Plain, corrections)?;
        assert_eq!(operation, Operation::SetMailbox);
        Ok(serde_json::from_slice(&command.body()).expect("JSON"))
    }

    fn set_mailbox(parameters: Value) -> Value {
        json!({"CmdletInput": {"CmdletName": "Set-Mailbox", "Parameters": parameters}})
    }

    fn set(names: &str) -> ActionSet {
        ActionSet::parse(names.split(','))
    }

    #[test]
    fn each_correction_writes_its_parameter_and_nothing_else() {
        use Correction as C;
        let owner = LogonType::Owner;
        let age = LogAge::from_days(180).expect("an age");
        let edit = |verb: &str, names: Value| json!({"Identity": ID, "AuditOwner": {"@odata.type": "#Exchange.GenericHashTable", verb: names}});
        for (correction, parameters) in [
            (C::Enable, json!({"Identity": ID, "AuditEnabled": true})),
            (C::Disable, json!({"Identity": ID, "AuditEnabled": false})),
            (C::SetLogAge(age), json!({"Identity": ID, "AuditLogAgeLimit": "180.00:00:00"})),
            (
                C::Add { kind: owner, actions: set("MailboxLogin,HardDelete") },
                edit("Add", json!(["HardDelete", "MailboxLogin"])),
            ),
            (C::Remove { kind: owner, actions: set("Send") }, edit("Remove", json!(["Send"]))),
            (C::LogNothing(LogonType::Admin), json!({"Identity": ID, "AuditAdmin": ["None"]})),
            (
                C::KeepByMicrosoft { restore: LogonTypes::NONE.with(owner), set: LogonTypes::ALL },
                json!({"Identity": ID, "DefaultAuditSet": ["Admin", "Delegate", "Owner"]}),
            ),
        ] {
            assert_eq!(body(&[correction]).expect("one call"), set_mailbox(parameters));
        }
    }

    #[test]
    fn corrections_of_one_call_are_one_body() {
        let corrections = [
            Correction::Enable,
            Correction::Add { kind: LogonType::Owner, actions: set("Update") },
            Correction::Remove { kind: LogonType::Owner, actions: set("Send") },
            Correction::Add { kind: LogonType::Delegate, actions: set("FolderBind") },
        ];
        assert_eq!(
            body(&corrections).expect("one call"),
            set_mailbox(json!({
                "Identity": ID, "AuditEnabled": true,
                "AuditOwner": {"@odata.type": "#Exchange.GenericHashTable", "Add": ["Update"], "Remove": ["Send"]},
                "AuditDelegate": {"@odata.type": "#Exchange.GenericHashTable", "Add": ["FolderBind"]},
            }))
        );
    }

    #[test]
    fn what_one_call_cannot_say_is_refused_here() {
        use Correction as C;
        let add = C::Add { kind: LogonType::Owner, actions: set("Update") };
        let restore = C::KeepByMicrosoft { restore: LogonTypes::ALL, set: LogonTypes::ALL };
        for corrections in [
            vec![],
            vec![C::Enable, C::Disable],
            vec![C::LogNothing(LogonType::Owner), add.clone()],
            vec![add.clone(), C::LogNothing(LogonType::Owner)],
            vec![add.clone(), add.clone()],
            vec![restore, add],
            vec![C::SwitchOn(OrganizationSwitch::MailboxAuditing)],
            vec![C::Add { kind: LogonType::Owner, actions: ActionSet::EMPTY }],
        ] {
            assert_eq!(body(&corrections).expect_err("refused").kind(), ErrorKind::Misuse, "{corrections:?}");
        }
    }

    #[test]
    fn switches_have_calls_of_their_own() {
        let of =
            |corrections: &[Correction]| of_corrections(Object::Organization, Population::Plain, corrections);
        let switch = Correction::SwitchOn;
        let (operation, command) = of(&[switch(OrganizationSwitch::MailboxAuditing)]).expect("one call");
        assert_eq!((operation, command.cmdlet), (Operation::SetOrganization, "Set-OrganizationConfig"));
        assert_eq!(Value::Object(command.parameters), json!({"AuditDisabled": false}));
        let (operation, command) =
            of(&[switch(OrganizationSwitch::UnifiedAuditLogIngestion)]).expect("one call");
        assert_eq!((operation, command.cmdlet), (Operation::SetIngestion, "Set-AdminAuditLogConfig"));
        assert_eq!(Value::Object(command.parameters), json!({"UnifiedAuditLogIngestionEnabled": true}));
        assert!(of(&OrganizationSwitch::ALL.map(switch)).is_err());
        assert!(of(&[Correction::Enable]).is_err());
    }

    #[test]
    fn other_populations_need_their_word() {
        let object = Object::Mailbox(MailboxId(Uuid::nil()));
        let of = |population| of_corrections(object, population, &[Correction::Enable]);
        let (_, folder) = of(Population::PublicFolders).expect("one call");
        assert_eq!(folder.parameters.get("PublicFolder"), Some(&json!(true)));
        assert!(of(Population::Inactive).is_err());
    }

    #[test]
    fn a_cmdlet_without_parameters_sends_an_empty_object() {
        assert_eq!(
            Command::new("Get-OrganizationConfig").body(),
            br#"{"CmdletInput":{"CmdletName":"Get-OrganizationConfig","Parameters":{}}}"#
        );
    }
}
