//! What a condition may ask about: the vocabulary of rules.

use ids::{Lane, TenantId};

/// One matter at one moment, as conditions see it. Borrowed: a decision copies nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Event<'a> {
    /// Code of its item.
    pub item: &'a str,
    /// Category of the item, e.g. `TRA`.
    pub category: &'a str,
    /// The street it belongs to.
    pub street: TenantId,
    /// The community of its place; nothing while it is unknown.
    pub community: Option<TenantId>,
    /// The grid cell of its place; empty while it is unknown.
    pub grid: &'a str,
    /// What of its street's other layers holds its place, as `layer/code`: e.g. `police-beat/B-3`. Empty while the place is unknown,
    /// and where nobody asks.
    pub layers: &'a [String],
    /// Who reported it: `resident`, `grid-worker`, …
    pub reporter: &'a str,
    /// The lane it came in.
    pub lane: Lane,
    /// A rehearsal.
    pub drill: bool,
    /// The reporter's words.
    pub text: &'a str,
    /// Its moment in the district's local time.
    pub moment: Moment,
    /// Households it touches, as the reporter said; 0 when nothing was said.
    pub households: u32,
    /// What a sensor read, in thousandths of its unit; nothing where no sensor reported.
    pub reading_milli: Option<i64>,
    /// Earlier cases of the item at the place, as far back as the street looks; counted up to [`REPEATS_MAX`].
    pub repeats: u32,
    /// Reports in these and in the case that opens: more than `repeats`.
    pub voices: u32,
}

/// Earlier cases are counted up to here: a hundred say all that more would.
pub const REPEATS_MAX: u32 = 100;

/// A moment in local time, as rules see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct Moment {
    /// 1 is January.
    pub month: u8,
    /// 1 is Monday (ISO 8601).
    pub weekday: u8,
    /// Minute of the local day, 0 to 1439.
    pub minute: u16,
    /// Whether the day is worked, holidays and make-up workdays counted; nothing where its year is unpublished (D31).
    pub workday: Option<bool>,
}

/// A field that holds text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TextField {
    /// `item`
    Item,
    /// `category`
    Category,
    /// `street`, 12 digits
    Street,
    /// `community`, 12 digits or empty
    Community,
    /// `grid`
    Grid,
    /// `reporter`
    Reporter,
    /// `lane`
    Lane,
    /// `text`
    Text,
}

/// A field that holds a whole number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NumberField {
    /// `month`, 1 to 12
    Month,
    /// `weekday`, 1 to 7
    Weekday,
    /// `hour`, 0 to 23
    Hour,
    /// `minute` of the day, 0 to 1439
    Minute,
    /// `households`
    Households,
    /// `reading_milli`, 0 where no sensor reported
    ReadingMilli,
    /// `repeats`, 0 to [`REPEATS_MAX`]
    Repeats,
    /// `voices`, at least 1
    Voices,
}

/// A field that is so or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Flag {
    /// `workday`
    Workday,
    /// `drill`
    Drill,
    /// `has_reading`
    HasReading,
}

/// A field by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Field {
    /// Text.
    Text(TextField),
    /// A whole number.
    Number(NumberField),
    /// So or not.
    Flag(Flag),
    /// `layers`: what of the street's other layers holds the place, a list of texts `layer/code`.
    Layers,
}

impl Field {
    /// Every field with its name in conditions: the same words in documents, explanations and docs.
    pub const ALL: [(&'static str, Field); 20] = [
        ("item", Field::Text(TextField::Item)),
        ("category", Field::Text(TextField::Category)),
        ("street", Field::Text(TextField::Street)),
        ("community", Field::Text(TextField::Community)),
        ("grid", Field::Text(TextField::Grid)),
        ("layers", Field::Layers),
        ("reporter", Field::Text(TextField::Reporter)),
        ("lane", Field::Text(TextField::Lane)),
        ("text", Field::Text(TextField::Text)),
        ("month", Field::Number(NumberField::Month)),
        ("weekday", Field::Number(NumberField::Weekday)),
        ("hour", Field::Number(NumberField::Hour)),
        ("minute", Field::Number(NumberField::Minute)),
        ("households", Field::Number(NumberField::Households)),
        ("reading_milli", Field::Number(NumberField::ReadingMilli)),
        ("repeats", Field::Number(NumberField::Repeats)),
        ("voices", Field::Number(NumberField::Voices)),
        ("workday", Field::Flag(Flag::Workday)),
        ("drill", Field::Flag(Flag::Drill)),
        ("has_reading", Field::Flag(Flag::HasReading)),
    ];

    /// The field of a name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(known, _)| *known == name).map(|(_, field)| *field)
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(_, field)| *field == self).map_or("", |(name, _)| name)
    }
}

impl NumberField {
    /// The least and the greatest value it can have.
    pub const fn bounds(self) -> (i64, i64) {
        match self {
            NumberField::Month => (1, 12),
            NumberField::Weekday => (1, 7),
            NumberField::Hour => (0, 23),
            NumberField::Minute => (0, 1439),
            NumberField::Households => (0, u32::MAX as i64),
            NumberField::ReadingMilli => (i64::MIN, i64::MAX),
            NumberField::Repeats => (0, REPEATS_MAX as i64),
            NumberField::Voices => (1, u32::MAX as i64),
        }
    }
}

impl Event<'_> {
    /// A number of it.
    pub fn number(&self, field: NumberField) -> i64 {
        match field {
            NumberField::Month => self.moment.month.into(),
            NumberField::Weekday => self.moment.weekday.into(),
            NumberField::Hour => (self.moment.minute / 60).into(),
            NumberField::Minute => self.moment.minute.into(),
            NumberField::Households => self.households.into(),
            NumberField::ReadingMilli => self.reading_milli.unwrap_or_default(),
            NumberField::Repeats => self.repeats.into(),
            NumberField::Voices => self.voices.into(),
        }
    }

    /// Whether something is so; nothing where nobody knows.
    pub fn flag(&self, flag: Flag) -> Option<bool> {
        match flag {
            Flag::Workday => self.moment.workday,
            Flag::Drill => Some(self.drill),
            Flag::HasReading => Some(self.reading_milli.is_some()),
        }
    }

    /// A text of it; places have none ready, see [`Event::place`].
    pub(super) fn text(&self, field: TextField) -> Option<&str> {
        match field {
            TextField::Item => Some(self.item),
            TextField::Category => Some(self.category),
            TextField::Grid => Some(self.grid),
            TextField::Reporter => Some(self.reporter),
            TextField::Lane => Some(self.lane.as_str()),
            TextField::Text => Some(self.text),
            TextField::Street | TextField::Community => None,
        }
    }

    /// A place of it.
    pub(super) fn place(&self, field: TextField) -> Option<TenantId> {
        match field {
            TextField::Street => Some(self.street),
            TextField::Community => self.community,
            _ => None,
        }
    }
}
