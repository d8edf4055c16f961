import java.io.BufferedInputStream;
import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.util.Collections;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import java.util.zip.ZipInputStream;

/*
 * What the two readers of Java's library make of a ZIP: `SIZE NAME` of each entry, in their order, on standard output. It owns nothing, and
 * ends with an exception where the bytes of an entry are not those that its header promises.
 *
 *     java ReadZip file FILE [PART]      ZipFile, by the central directory; entries with PART in their name are not read, only listed
 *     java ReadZip stream FILE           ZipInputStream, from the first local header on
 */
class ReadZip {
    private static final byte[] BLOCK = new byte[1 << 20];

    private static long drain(InputStream in, CRC32 crc) throws IOException {
        long size = 0;
        for (int got; (got = in.read(BLOCK)) > 0; size += got)
            crc.update(BLOCK, 0, got);
        return size;
    }

    /* A stored entry's CRC is compared by nobody but the caller here. */
    private static void compare(ZipEntry entry, long size, CRC32 crc) throws IOException {
        if (size != entry.getSize() || crc.getValue() != entry.getCrc())
            throw new IOException(entry.getName() + ": " + size + " bytes with CRC " + Long.toHexString(crc.getValue()));
    }

    private static void readFile(String path, String part, PrintStream out) throws IOException {
        try (ZipFile zip = new ZipFile(path)) {
            for (ZipEntry entry : Collections.list(zip.entries())) {
                if (part == null || !entry.getName().contains(part)) {
                    CRC32 crc = new CRC32();
                    compare(entry, drain(zip.getInputStream(entry), crc), crc);
                }
                out.println(entry.getSize() + " " + entry.getName());
            }
        }
    }

    private static void readStream(String path, PrintStream out) throws IOException {
        try (ZipInputStream zip = new ZipInputStream(new BufferedInputStream(new FileInputStream(path), 1 << 20))) {
            for (ZipEntry entry; (entry = zip.getNextEntry()) != null;) {
                CRC32 crc = new CRC32();
                long size = drain(zip, crc);
                compare(entry, size, crc);
                out.println(size + " " + entry.getName());
            }
        }
    }

    public static void main(String[] words) throws IOException {
        try (PrintStream out = new PrintStream(System.out, false)) {
            if (words[0].equals("stream"))
                readStream(words[1], out);
            else
                readFile(words[1], words.length > 2 ? words[2] : null, out);
        }
    }
}
