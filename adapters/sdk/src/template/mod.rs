//! The language of poller URLs: `/hubs/crm/contacts?where=LastModifyDate>'${date:yyyy-MM-dd'T'HH:mm:ssXXX}'`.
//!
//! | macro | renders |
//! |---|---|
//! | `${date:FORMAT}` | the window's start in the server's zone, which is UTC |
//! | `${gmtDate:FORMAT}` | the same in GMT |
//! | `${dateTimeZone:ZONE:FORMAT}` | the same in a zone: `PST`, `America/Denver`, `-8:00`, `GMT-6:00` |
//! | `${nowTimeZone:ZONE:FORMAT}` | the poll's own time in a zone |
//! | `${date}`, `${gmtDate}` | the window's start in the resource's `updatedDateFormat` |
//! | `${epoch}`, `${epoch:ms}`, `${milliseconds}` | the window's start in milliseconds since 1970 |
//! | `${epoch:s}`, `${epoch:us}` | the same in seconds or microseconds |
//! | `${epoch:0}` | `0`: Repsly's `startingFrom`, from the very beginning |
//! | `{name}` | the value of that name in the instance's configuration, inside of macros too |
//!
//! `FORMAT` is a pattern of Java's `SimpleDateFormat` or the word `milliseconds`. Names of macros have no case. A macro
//! ends at the first `}` that stands neither in the format's quotes nor in a placeholder's braces, and macros are
//! rendered before anybody looks at the `where` clause: that is how the quotes of `'T'` nest in those of the clause.
//!
//! `${epoch:0}` is rendered although it makes every poll read everything: that is what its one published use asks for,
//! and the date filter and the host's fingerprints still keep old records from being news.
//!
//! # What is refused
//!
//! Cloud Elements leaves what it does not understand in the URL, and the provider then answers with everything or
//! nothing. Here a template that cannot be right is refused when it is written, with the place and the way out:
//! unknown macros and zones, formats that Java refuses, leftovers of page templates (`{{page.x}}`) and of shells
//! (`'\''`), braces and quotes without their partner.
//!
//! The quotes *around* macros belong to CEQL, but they are checked here as well: published templates end in
//! `…ss'Z'}` without the closing quote or in `}''` with one too many, and while CEQL would refuse what they render, it
//! would do so at the first poll and point into a text that nobody wrote. They are refused rather than mended, because
//! `}'&key={key}'` shows that the missing one is not always the last. A quote that belongs to a value is `%27`.

mod error;
mod expand;
mod format;
mod macros;
mod scan;
mod url;

#[cfg(test)]
mod tests;

pub use self::{
    error::{TemplateError, TemplateFault},
    expand::{Moment, Template},
    format::{DateFault, DateFormat},
    scan::MAX_LENGTH,
    url::{PollerUrl, PollerUrlError, PollerUrlFault},
};
