//! What can be wrong with a template.

use super::MAX_LENGTH;
use crate::{java_date::PatternError, place::Place};

/// A template that cannot be read, or cannot be rendered for this instance.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{fault} at {place}")]
pub struct TemplateError {
    /// What is wrong.
    pub fault: TemplateFault,
    /// Where in the template.
    pub place: Place,
}

/// What is wrong with a template.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TemplateFault {
    /// Longer than what is read.
    #[error("the url has {length} bytes, and at most {MAX_LENGTH} are read")]
    TooLong {
        /// Bytes of the template.
        length: usize,
    },
    /// `${` without `}`.
    #[error("the macro is never closed: a }} is missing")]
    OpenMacro,
    /// The only `}` stands inside of the format's quotes.
    #[error("this quote hides the macro's }}: drop it, or add its partner before the }}")]
    HiddenBrace,
    /// A macro inside of another one.
    #[error("a macro cannot hold another one: the one before lacks a }} or a quote of its format")]
    NestedMacro,
    /// `${{…}}`.
    #[error("a macro has single braces: write ${{gmtDate:FORMAT}}")]
    DoubledBraces,
    /// `$${…}`.
    #[error("a macro begins with one $: drop the other, or write %24 for a dollar sign")]
    DoubledDollar,
    /// `$epoch`.
    #[error("a macro stands in braces: write ${{{name}}}, or %24 for a dollar sign")]
    NoBraces {
        /// The macro's name.
        name: String,
    },
    /// `{epoch}`.
    #[error("a macro begins with a dollar sign: write ${{{text}}}")]
    NoDollar {
        /// What stands between the braces.
        text: String,
    },
    /// `%24%7B…%7D`.
    #[error("the macro is percent-encoded: write it as it is, with ${{ and }}")]
    EncodedMacro,
    /// `{{…}}`.
    #[error("doubled braces are left over from a page's template: put in what the page should have shown")]
    PageTemplate,
    /// `'\''`.
    #[error("the quote is escaped for a shell: write ' alone")]
    ShellQuote,
    /// `{` without `}`.
    #[error("the placeholder is never closed: a }} is missing, or write %7B for a brace")]
    OpenPlaceholder,
    /// `{ }`, or something between braces that can be no name.
    #[error("between the braces stands no name; write %7B and %7D for braces")]
    PlaceholderName,
    /// `}` that closes nothing.
    #[error("the }} closes nothing: drop it, or write %7D for a brace")]
    StrayBrace,
    /// `/contacts&where=…`.
    #[error("the query begins with ?: write ? in place of this &, or %26 for an ampersand in the path")]
    AmpersandInPath,
    /// A quote in the path.
    #[error("a quote cannot stand in the path: drop it, or write %27")]
    QuoteInPath,
    /// A quote around a value without its partner.
    #[error(
        "this quote is never closed: add the closing one, drop it, or write %27 for a quote inside a value"
    )]
    OpenQuote,
    /// An unknown macro.
    #[error(
        "there is no macro {name:?}: there are date, gmtDate, dateTimeZone, nowTimeZone, epoch, milliseconds"
    )]
    UnknownMacro {
        /// Its name as written.
        name: String,
    },
    /// `${yyyy-MM-dd}`.
    #[error("a date format needs the name of a macro before it: write ${{gmtDate:{format}}}")]
    NamelessFormat {
        /// The format as written.
        format: String,
    },
    /// `${518862600}`.
    #[error("a fixed number is no macro: write ${{epoch:s}} for seconds or ${{epoch}} for milliseconds")]
    FixedNumber,
    /// `${epoch:x}`.
    #[error(
        "{unit:?} is no unit: write ${{epoch:s}}, ${{epoch:ms}}, ${{epoch:us}}, or ${{epoch:0}} for the beginning"
    )]
    Unit {
        /// The unit as written.
        unit: String,
    },
    /// A zone that does not exist. Java would take it for GMT, and the window would be off by hours.
    #[error("there is no time zone {zone:?}: write PST, America/Denver, GMT-6:00 or -8:00")]
    UnknownZone {
        /// The zone as written or filled in.
        zone: String,
    },
    /// `${dateTimeZone:PST}` or `${date:}`.
    #[error(
        "the macro has no format: write ${{gmtDate:yyyy-MM-dd'T'HH:mm:ssXXX}} or ${{dateTimeZone:PST:FORMAT}}"
    )]
    NoFormat,
    /// `${date}` for a resource whose dates have no format.
    #[error(
        "the macro has no format, and the resource has no datesConfiguration.updatedDateFormat to take it from"
    )]
    NoDefaultFormat,
    /// A format that Java refuses.
    #[error("{format:?} is no date format: {source}; unix time is ${{epoch:s}} or ${{epoch}}")]
    Format {
        /// The format as written or filled in.
        format: String,
        /// What is wrong with it.
        source: PatternError,
    },
    /// A placeholder that the instance does not fill.
    #[error(
        "{{{name}}} is not filled: set {name:?} in the instance's configuration, or write its value into the url"
    )]
    Unfilled {
        /// The placeholder's name.
        name: String,
    },
}
