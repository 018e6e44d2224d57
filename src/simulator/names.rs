//! Names made from a seed and a serial number, so that a hundred thousand mailboxes store none.

use uuid::Uuid;

use super::spec::MailboxKind;

const FIRST: [&str; 40] = [
    "Adele",
    "Alex",
    "Amira",
    "Bianca",
    "Chidi",
    "Christie",
    "Debra",
    "Diego",
    "Emily",
    "Enrico",
    "Fatima",
    "Grady",
    "Hana",
    "Henrietta",
    "Irvin",
    "Isaiah",
    "Johanna",
    "Joni",
    "Kenji",
    "Lee",
    "Lidia",
    "Lynne",
    "Mariam",
    "Megan",
    "Miriam",
    "Nestor",
    "Nora",
    "Olga",
    "Patti",
    "Pradeep",
    "Quentin",
    "Raul",
    "Rosa",
    "Samir",
    "Sofia",
    "Tomas",
    "Ulrike",
    "Vera",
    "Wei",
    "Yusuf",
];
const LAST: [&str; 40] = [
    "Vance",
    "Wilber",
    "Haddad",
    "Pisani",
    "Okafor",
    "Cline",
    "Berger",
    "Siciliani",
    "Braun",
    "Cattaneo",
    "Zahra",
    "Archie",
    "Sato",
    "Mueller",
    "Sayers",
    "Langer",
    "Lorenz",
    "Sherman",
    "Tanaka",
    "Gu",
    "Holloway",
    "Robbins",
    "Nasser",
    "Bowen",
    "Graham",
    "Wilke",
    "Lindqvist",
    "Petrova",
    "Fernandez",
    "Gupta",
    "Durand",
    "Ortega",
    "Marino",
    "Rahman",
    "Costa",
    "Novak",
    "Weber",
    "Ivanova",
    "Chen",
    "Demir",
];
const TEAMS: [&str; 12] = [
    "Accounts",
    "Bookings",
    "Careers",
    "Contracts",
    "Facilities",
    "Helpdesk",
    "Invoices",
    "Legal",
    "Orders",
    "Press",
    "Sales",
    "Travel",
];
const DEPARTMENTS: [&str; 8] =
    ["Finance", "Legal", "Sales", "Engineering", "People", "Operations", "Support", ""];

/// What names and addresses of one tenant are made from.
#[derive(Debug, Clone)]
pub(crate) struct Profile {
    pub(crate) seed: u64,
    pub(crate) initial_domain: String,
    pub(crate) mail_domain: String,
}

impl Profile {
    /// A number that belongs to this serial and purpose, the same on every call.
    fn draw(&self, serial: u32, purpose: u64) -> usize {
        let mut rng = fastrand::Rng::with_seed(
            self.seed ^ (u64::from(serial) << 20) ^ purpose.wrapping_mul(0x9e37_79b9_7f4a_7c15),
        );
        rng.usize(..1 << 20)
    }

    pub(crate) fn guid(&self, serial: u32) -> Uuid {
        let mut rng = fastrand::Rng::with_seed(self.seed.rotate_left(17) ^ u64::from(serial));
        uuid::Builder::from_random_bytes(rng.u128(..).to_be_bytes()).into_uuid()
    }

    fn person(&self, serial: u32) -> (&'static str, &'static str) {
        // Two people of one name sit beside each other now and then: display names identify nobody.
        let serial = if serial % 40 == 39 { serial - 1 } else { serial };
        let draw = self.draw(serial, 1);
        (FIRST[draw % FIRST.len()], LAST[draw / FIRST.len() % LAST.len()])
    }

    fn team(&self, serial: u32) -> &'static str {
        TEAMS[self.draw(serial, 2) % TEAMS.len()]
    }

    pub(crate) fn display_name(&self, serial: u32, kind: MailboxKind) -> String {
        match kind {
            MailboxKind::User => {
                let (first, last) = self.person(serial);
                format!("{first} {last}")
            }
            MailboxKind::Shared | MailboxKind::Group => self.team(serial).to_owned(),
            MailboxKind::Room => format!("Conference Room {}", serial % 90 + 10),
            MailboxKind::Equipment => format!("Projector {serial}"),
            MailboxKind::Scheduling => format!("{} Bookings", self.team(serial)),
            MailboxKind::Discovery => "Discovery Search Mailbox".to_owned(),
            MailboxKind::PublicFolder => format!("Public Folders {serial}"),
        }
    }

    pub(crate) fn alias(&self, serial: u32, kind: MailboxKind) -> String {
        match kind {
            MailboxKind::User => {
                let (first, last) = self.person(serial);
                format!("{first}.{last}{serial}").to_lowercase()
            }
            MailboxKind::Shared => format!("{}{serial}", self.team(serial)).to_lowercase(),
            MailboxKind::Room => format!("room{serial}"),
            MailboxKind::Equipment => format!("projector{serial}"),
            MailboxKind::Scheduling => format!("bookings{serial}"),
            MailboxKind::Discovery => {
                "DiscoverySearchMailbox{D919BA05-46A6-415f-80AD-7E09334BB852}".to_owned()
            }
            MailboxKind::Group => format!("group{serial}"),
            MailboxKind::PublicFolder => format!("publicfolders{serial}"),
        }
    }

    /// Departments live in CustomAttribute1 for part of the tenant, since Get-Mailbox has no Department; 15 marks a few.
    pub(crate) fn custom_attribute(&self, serial: u32, kind: MailboxKind, number: u8) -> &'static str {
        match (kind, number) {
            (MailboxKind::User, 1) => DEPARTMENTS[self.draw(serial, 3) % DEPARTMENTS.len()],
            (MailboxKind::User, 15) if self.draw(serial, 4).is_multiple_of(60) => "VIP",
            _ => "",
        }
    }

    pub(crate) fn distinguished_name(&self, name: &str) -> String {
        format!(
            "CN={name},OU={},OU=Microsoft Exchange Hosted Organizations,DC=EURPR07A013,DC=PROD,DC=OUTLOOK,DC=COM",
            self.initial_domain
        )
    }
}
