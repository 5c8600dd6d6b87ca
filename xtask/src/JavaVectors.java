import java.text.SimpleDateFormat;
import java.util.Date;
import java.util.Locale;
import java.util.Random;
import java.util.TimeZone;

/** Prints random rows of what SimpleDateFormat does: operation, pattern, zone, input, output. */
public class JavaVectors {
    static final String LETTERS = "GyyyyMMMLddddEEuaHHkKhmmssSSSzZXYwWDF";
    static final String[] PATTERNS = {
        "yyyy-MM-dd'T'HH:mm:ssXXX", "yyyy-MM-dd'T'HH:mm:ss'Z'", "yyyy-MM-dd'T'HH:mm:ss.SSS'Z'", "yyyy-MM-dd HH:mm:ss",
        "yyyy-MM-dd'T'HH:mm:ss.SSSZ", "EEE, dd MMM yyyy HH:mm:ss Z", "MM/dd/yyyy HH:mm:ss", "yyyy-MM-dd'T'HH:mm:ssX",
        "yyyyMMddHHmmss", "yyyy-MM-dd", "dd/MM/yy", "MMM d, yyyy h:mm:ss a", "EEEE d MMMM yyyy HH:mm z",
        "yyyy-MM-dd'T'HH:mm:ss.SSSSSSXXX", "MM/dd/yyy'T'HH:mm:ssXXX", "yyyy-MM-dd'T'HH:mmz", "YYYY-'W'ww-u",
        "yyyy-DDD", "yy.MM.dd G", "yyyy-MM-dd HH:mm:ss -0800", "yyyy MM W E", "yyyy MM F EEE", "yyyy w u", "K:mm a",
        "kk:mm:ss", "hh 'o''clock' a, zzzz",
    };
    static final String[] ZONES = {
        "GMT", "UTC", "America/Los_Angeles", "America/New_York", "America/Denver", "Europe/London", "Europe/Paris",
        "Asia/Kolkata", "Asia/Kathmandu", "Australia/Lord_Howe", "Australia/Sydney", "GMT-8:00", "GMT-03:30",
        "GMT+14:00", "PST", "MST", "EST", "Asia/Tokyo", "America/Sao_Paulo", "junk",
    };

    public static void main(String[] arguments) {
        Locale.setDefault(Locale.US);
        TimeZone.setDefault(TimeZone.getTimeZone("GMT"));
        int count = Integer.parseInt(arguments[0]);
        Random random = new Random(Long.parseLong(arguments[1]));
        StringBuilder rows = new StringBuilder("op\tpattern\tzone\tinput\toutput\n");
        for (int row = 0; row < count; row++) {
            String pattern = random.nextInt(3) == 0 ? randomPattern(random) : PATTERNS[random.nextInt(PATTERNS.length)];
            String zone = ZONES[random.nextInt(ZONES.length)];
            boolean format = random.nextBoolean();
            String input = format ? Long.toString(instant(random)) : text(pattern, zone, random);
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
        System.out.print(rows);
    }

    /** Most between 1970 and 2040, some anywhere between the years 1 and 10000. */
    static long instant(Random random) {
        long second = random.nextInt(4) > 0 ? (long) (random.nextDouble() * 2209032000L)
            : -62135596800L + (long) (random.nextDouble() * 315537897600L);
        return second * 1000 + (random.nextBoolean() ? 0 : random.nextInt(1000));
    }

    static String randomPattern(Random random) {
        StringBuilder pattern = new StringBuilder();
        for (int piece = 1 + random.nextInt(6); piece > 0; piece--) {
            String letter = String.valueOf(LETTERS.charAt(random.nextInt(LETTERS.length())));
            pattern.append(letter.repeat(1 + random.nextInt(letter.equals("X") ? 4 : 5)));
            String[] literals = {"", "-", "/", ":", " ", "'T'", "''", ", ", "_", "'", "Q"};
            int weight = random.nextInt(40);
            pattern.append(weight < 36 ? literals[weight % 9] : literals[9 + weight % 2]);
        }
        return pattern.toString();
    }

    /** What a pattern writes, often damaged. */
    static String text(String pattern, String zone, Random random) {
        String text;
        try {
            SimpleDateFormat java = new SimpleDateFormat(pattern, Locale.US);
            java.setTimeZone(TimeZone.getTimeZone(ZONES[random.nextInt(ZONES.length)]));
            text = java.format(new Date(instant(random)));
        } catch (Exception refused) {
            return "2018-02-01";
        }
        for (int damage = random.nextInt(3); damage > 0 && !text.isEmpty(); damage--) {
            int at = random.nextInt(text.length());
            switch (random.nextInt(7)) {
                case 0: text = text.substring(0, at) + (char) ('0' + random.nextInt(10)) + text.substring(at); break;
                case 1: text = text.substring(0, at) + text.substring(at + 1); break;
                case 2: text = text.substring(0, at) + "-" + text.substring(at); break;
                case 3: text = text.substring(0, at); break;
                case 4: text = text + "junk"; break;
                case 5: text = text.toLowerCase(Locale.US); break;
                default: text = text.substring(0, at) + " " + text.substring(at); break;
            }
        }
        return text;
    }

    static String escape(String text) {
        return text.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n");
    }
}
