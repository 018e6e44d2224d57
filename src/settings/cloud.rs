//! The national clouds, as settings name them. Which hosts belong to which is the business of `exchange`.

use std::fmt;

/// A cloud of the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub enum Cloud {
    /// Worldwide.
    #[default]
    Global,
    /// United States government, on the worldwide hosts.
    Gcc,
    /// United States government, high.
    GccHigh,
    /// United States Department of Defense.
    Dod,
    /// China, operated by 21Vianet.
    China,
}

impl Cloud {
    /// Every cloud.
    pub const ALL: [Self; 5] = [Self::Global, Self::Gcc, Self::GccHigh, Self::Dod, Self::China];

    /// The word of the settings.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Global => "global",
            Self::Gcc => "gcc",
            Self::GccHigh => "gcc-high",
            Self::Dod => "dod",
            Self::China => "china",
        }
    }
}

impl fmt::Display for Cloud {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}
