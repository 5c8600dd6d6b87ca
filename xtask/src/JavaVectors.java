import java.text.DateFormatSymbols;
import java.text.SimpleDateFormat;
import java.util.Date;
import java.util.Locale;
import java.util.Random;
import java.util.TimeZone;

/** Prints random rows of what SimpleDateFormat does: operation, pattern, zone, input, output. */
public class JavaVectors {
    static final String LETTERS = "GyyyyMMMLddddEEuaHHkKhmmssSSSzzZXYwWDF";
    static final String[] PATTERNS = {
        "yyyy-MM-dd'T'HH:mm:ssXXX", "yyyy-MM-dd'T'HH:mm:ss'Z'", "yyyy-MM-dd'T'HH:mm:ss.SSS'Z'", "yyyy-MM-dd HH:mm:ss",
        "yyyy-MM-dd'T'HH:mm:ss.SSSZ", "EEE, dd MMM yyyy HH:mm:ss Z", "MM/dd/yyyy HH:mm:ss", "yyyy-MM-dd'T'HH:mm:ssX",
        "yyyyMMddHHmmss", "yyyy-MM-dd", "dd/MM/yy", "MMM d, yyyy h:mm:ss a", "EEEE d MMMM yyyy HH:mm z",
        "yyyy-MM-dd'T'HH:mm:ss.SSSSSSXXX", "MM/dd/yyy'T'HH:mm:ssXXX", "yyyy-MM-dd'T'HH:mmz", "YYYY-'W'ww-u",
        "yyyy-DDD", "yy.MM.dd G", "yyyy-MM-dd HH:mm:ss -0800", "yyyy MM W E", "yyyy MM F EEE", "yyyy w u", "K:mm a",
        "kk:mm:ss", "hh 'o''clock' a, zzzz", "yyyyMMdd", "yyMMddHHmmssSSS", "yyMMddHHmm", "HHmmss", "ddMMyy", "yyyyDDD",
        "yyyyMMdd'T'HHmmssXX", "yyyyMMdd'T'HHmmssZ", "G yyyy-MM-dd", "yyyy.MM.dd G 'at' HH:mm:ss z", "h:mm a",
        "EEE MMM dd HH:mm:ss zzz yyyy", "EEE MMM dd HH:mm:ss z yyyy", "EEEE, MMMM d, yyyy h:mm:ss a z", "M/d/yy h:mm a",
        "d MMM yyyy", "dd-MMM-yy", "dd-MMM-yyyy HH.mm.ss", "YYYYww", "YYYY ww EEE", "u E", "yyyy-MM-dd'T'HH:mm:ss zzzz",
        "yyyyy.MMMMM.dd GGG hh:mm aaa", "LLLL yyyy", "D F w W", "yyyy''MM''dd", "'''yyyy'''", "yyyy-MM-dd'T'HH:mm:ssXXX'", "",
    };
    static final String[] ZONES = {
        "GMT", "UTC", "America/Los_Angeles", "America/New_York", "America/Denver", "Europe/London", "Europe/Paris",
        "Asia/Kolkata", "Asia/Kathmandu", "Australia/Lord_Howe", "Australia/Sydney", "GMT-8:00", "GMT-03:30",
        "GMT+14:00", "PST", "MST", "EST", "Asia/Tokyo", "America/Sao_Paulo", "junk", "CST", "IST", "HST", "AST", "-8:00",
        "GMT+5", "GMT+0530", "GMT-3:30", "GMT+24:00", "UTC+1", "Etc/GMT+8", "EST5EDT", "PST8PDT", "Europe/Dublin",
        "Africa/Casablanca", "Antarctica/Troll", "Pacific/Apia", "America/St_Johns", "Asia/Kabul", "Europe/Berlin",
        "gmt", "Z", "CET", "MET", "WET", "EET", "Zulu", "ROK", "Europe/Moscow", "Asia/Shanghai", "America/Phoenix",
    };
    static final String[] ZONE_TEXTS = {
        "Z", "z", "GMT", "gmt", "UTC", "utc", "UT", "+00:00", "-08:00", "-0800", "-08", "-8", "-8:00", "+05:30", "+0530", "+24:00",
        "-23:59", "-2360", "GMT-3:30", "GMT+05:30", "gmt-08:00", "GMT-8", "GMT+0530", "GMT+1:5", "GMT+", "PST", "pdt", "PDT",
        "EST", "EDT", "CST", "MST", "Pacific Daylight Time", "pacific standard time", "Pacific Time", "CET", "CEST", "BST", "IST",
        "AKDT", "JST", "WET", "MSK", "Greenwich Mean Time", "Coordinated Universal Time", "Central European Summer Time",
        "+1", "-1:30", "+001", "+12345", "-", "+", "A", "PST8PDT", "America/Denver", "Eastern", "\u221205:00",
    };
    static final String[] DAY_TEXTS = {"Thu", "thu", "THURSDAY", "Thursday", "Thurs", "Th", "sun", "Sunday", "Mon", "Frida", "Samedi"};
    static final String[] MONTH_TEXTS = {
        "Feb", "feb", "FEBRUARY", "February", "Febr", "Sept", "May", "may", "Mai", "Jan", "janua", "December", "J", "2", "02", "Ma",
    };
    static final String[] DIGITS = {"0", "00", "1", "01", "7", "007", "46", "45", "47", "99", "2147483648", "1E2", "12E-1", "1e2",
        "99999999999999999999", "+5", "5.9", "1,234", "\u0661\u0662", "NaN", "\u221e", "-0", "- 5", "", "E5", "12345678"};
    static final String[] NAMES = zoneNames();
    // Those of System V are in no other database; for the others the databases disagree: Iran in 1978, Gaza after 2037.
    static final String[] IDS = java.util.Arrays.stream(TimeZone.getAvailableIDs())
        .filter(id -> !id.startsWith("SystemV/") && !id.matches("Asia/(Tehran|Gaza|Hebron)|Iran")).toArray(String[]::new);

    public static void main(String[] arguments) throws Exception {
        Locale.setDefault(Locale.US);
        TimeZone.setDefault(TimeZone.getTimeZone("GMT"));
        int count = Integer.parseInt(arguments[0]);
        Random random = new Random(Long.parseLong(arguments[1]));
        StringBuilder rows = new StringBuilder("op\tpattern\tzone\tinput\toutput\n");
        for (int row = 0; row < count; row++) {
            String pattern = random.nextInt(3) == 0 ? randomPattern(random) : one(PATTERNS, random);
            String zone = zone(random);
            boolean format = random.nextInt(5) < 2;
            String input = format ? Long.toString(instant(random))
                : random.nextBoolean() ? written(pattern, random) : made(pattern, random);
            String output;
            try {
                SimpleDateFormat java = new SimpleDateFormat(pattern, Locale.US);
                java.setTimeZone(TimeZone.getTimeZone(zone));
                output = format ? java.format(new Date(Long.parseLong(input))) : Long.toString(java.parse(input).getTime());
            } catch (Exception refused) {
                output = "!ERROR";
            }
            String operation = format ? "format" : "parse";
            rows.append(String.join("\t", operation, escape(pattern), escape(zone), escape(input), escape(output))).append('\n');
        }
        System.out.write(rows.toString().getBytes("UTF-8"));
        System.out.flush();
    }

    static String one(String[] choices, Random random) {
        return choices[random.nextInt(choices.length)];
    }

    static String zone(Random random) {
        return random.nextInt(4) == 0 ? one(IDS, random) : one(ZONES, random);
    }

    static String[] zoneNames() {
        return java.util.Arrays.stream(new DateFormatSymbols(Locale.US).getZoneStrings())
            .flatMap(row -> java.util.Arrays.stream(row).skip(1).limit(4)).distinct()
            // Java takes these for zones of System V and for Iran.
            .filter(name -> !name.matches("Pitcairn.*|Gambier.*|Iran.*|IR.T")).toArray(String[]::new);
    }

    /** Most between 1970 and 2040, some between the years 1 and 10000, some about the cutover and before Christ. */
    static long instant(Random random) {
        long second;
        switch (random.nextInt(10)) {
            case 0: second = -62135596800L + (long) (random.nextDouble() * 315537897600L); break;
            case 1: second = -12219292800L + random.nextInt(80_000_000) - 40_000_000; break;
            case 2: second = -62135596800L - (long) (random.nextDouble() * 100_000_000_000L); break;
            case 3: second = -2208988800L + random.nextInt(400_000_000) - 200_000_000; break;
            // About the turn of a year.
            case 4: second = random.nextInt(130) * 31556952L - 1893456000L + random.nextInt(1_500_000) - 750_000; break;
            default: second = (long) (random.nextDouble() * 2209032000L);
        }
        return second * 1000 + (random.nextBoolean() ? 0 : random.nextInt(1000));
    }

    static String randomPattern(Random random) {
        StringBuilder pattern = new StringBuilder();
        for (int piece = 1 + random.nextInt(6); piece > 0; piece--) {
            String letter = String.valueOf(LETTERS.charAt(random.nextInt(LETTERS.length())));
            pattern.append(letter.repeat(1 + random.nextInt(letter.equals("X") ? 4 : 5)));
            String[] literals = {"", "", "-", "/", ":", " ", "'T'", "''", ", ", "_", ".", "'o''clock'", "\u00e9", "'\u5e74'", "'", "Q"};
            int weight = random.nextInt(60);
            pattern.append(weight < 56 ? literals[weight % 14] : literals[14 + weight % 2]);
        }
        return pattern.toString();
    }

    /** What a pattern writes, often damaged. */
    static String written(String pattern, Random random) {
        String text;
        try {
            SimpleDateFormat java = new SimpleDateFormat(pattern, Locale.US);
            java.setTimeZone(TimeZone.getTimeZone(zone(random)));
            text = java.format(new Date(instant(random)));
        } catch (Exception refused) {
            return "2018-02-01";
        }
        for (int damage = random.nextInt(3); damage > 0 && !text.isEmpty(); damage--) {
            int at = random.nextInt(text.length());
            switch (random.nextInt(8)) {
                case 0: text = text.substring(0, at) + (char) ('0' + random.nextInt(10)) + text.substring(at); break;
                case 1: text = text.substring(0, at) + text.substring(at + 1); break;
                case 2: text = text.substring(0, at) + "-" + text.substring(at); break;
                case 3: text = text.substring(0, at); break;
                case 4: text = text + "junk"; break;
                case 5: text = text.toLowerCase(Locale.US); break;
                case 6: text = text.toUpperCase(Locale.US); break;
                default: text = text.substring(0, at) + (random.nextBoolean() ? " " : "\t") + text.substring(at); break;
            }
        }
        return text;
    }

    /** A text for a pattern, field by field, each plausible or not. */
    static String made(String pattern, Random random) {
        StringBuilder text = new StringBuilder();
        boolean quoted = false;
        // Most texts have at most one odd field.
        int odd = random.nextInt(3) == 0 ? 3 : 12;
        for (int at = 0; at < pattern.length(); at++) {
            char letter = pattern.charAt(at);
            if (letter == '\'') {
                if (at + 1 < pattern.length() && pattern.charAt(at + 1) == '\'') {
                    text.append('\'');
                    at++;
                } else {
                    quoted = !quoted;
                }
            } else if (quoted || !Character.isLetter(letter) || letter > 'z') {
                text.append(letter);
            } else {
                int count = 1;
                while (at + 1 < pattern.length() && pattern.charAt(at + 1) == letter) {
                    count++;
                    at++;
                }
                if (random.nextInt(15) == 0) text.append(" ".repeat(1 + random.nextInt(2)));
                text.append(field(letter, count, random, random.nextInt(odd) == 0));
            }
        }
        if (random.nextInt(8) == 0) text.append(one(new String[] {" ", "Z", "x", ".5", "9", "'"}, random));
        return text.toString();
    }

    static String field(char letter, int count, Random random, boolean odd) {
        switch (letter) {
            case 'G': return odd ? one(new String[] {"ad", "Bc", "A.D.", "CE", "B", "bce"}, random) : random.nextBoolean() ? "AD" : "BC";
            case 'a': return odd ? one(new String[] {"am", "Pm", "A", "a.m.", "noon", "AMM"}, random) : random.nextBoolean() ? "AM" : "PM";
            case 'E': return one(DAY_TEXTS, random);
            case 'z': case 'Z': case 'X':
                return random.nextInt(3) == 0 ? recase(one(NAMES, random), random) : one(ZONE_TEXTS, random);
            default:
        }
        if ((letter == 'M' || letter == 'L') && count > 2) return one(MONTH_TEXTS, random);
        if (odd) {
            return random.nextBoolean() ? one(DIGITS, random) : Integer.toString(random.nextInt(1000) - 400);
        }
        int value;
        switch (letter) {
            case 'y': case 'Y': value = random.nextBoolean() ? 1960 + random.nextInt(100) : random.nextInt(3) == 0 ? 1580 + random.nextInt(5) : random.nextInt(120); break;
            case 'S': value = random.nextInt(1000); break;
            case 'D': value = random.nextInt(400); break;
            case 'w': value = random.nextInt(60); break;
            case 'W': case 'F': case 'u': value = random.nextInt(10) - 1; break;
            case 'H': case 'k': case 'h': case 'K': value = random.nextInt(27); break;
            case 'm': case 's': value = random.nextInt(65); break;
            default: value = random.nextInt(34);
        }
        String digits = Integer.toString(value);
        return random.nextInt(4) == 0 ? digits : "0".repeat(Math.max(0, count - digits.length())) + digits;
    }

    static String recase(String text, Random random) {
        switch (random.nextInt(4)) {
            case 0: return text.toLowerCase(Locale.US);
            case 1: return text.toUpperCase(Locale.US);
            default: return text;
        }
    }

    static String escape(String text) {
        return text.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n");
    }
}
