package slipway;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Paths;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/**
 * Moves a job's files between the node and the cluster's file system, in one start of a JVM for many of them.
 *
 * <pre>
 * put LOCAL_DIR HDFS_DIR                 copies everything below LOCAL_DIR; replaces files that are there
 * get HDFS_DIR LOCAL_DIR LIMIT_BYTES     lists all files in name order; copies each that still fits into the limit
 * </pre>
 *
 * Standard output is a line of JSON (in ASCII) a file: {"path": "a b/c.csv", "size": 12, "copied": true}, and
 * {"left_out": N} at the end where there are more than 10 000. Names are taken as they are: nothing is a pattern.
 * Exit 0, or 1 with a line that begins with "JobFolder: " on standard error, or 2 for wrong arguments.
 *
 * <p>Without arguments it serves: a line on standard input is one call, its words apart by tabs; the answer is the same
 * lines, and {"failed": "why"} or {"failed": ""} as the last. It ends with its input.
 */
public final class JobFolder {
    private static final int MOST_LISTED = 10_000;
    private static final int BUFFER_BYTES = 128 * 1024;
    private static final String USAGE = "use put LOCAL_DIR HDFS_DIR, or get HDFS_DIR LOCAL_DIR LIMIT_BYTES";
    private static final Configuration CONFIGURATION = new Configuration();

    private final StringBuilder lines = new StringBuilder();
    private int listed;
    private int leftOut;

    private JobFolder() {}

    public static void main(String[] arguments) throws IOException {
        System.exit(run(arguments));
    }

    private static int run(String[] arguments) throws IOException {
        if (arguments.length == 0) {
            serve(new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8)));
            return 0;
        }
        if (!isCall(arguments)) {
            System.err.println("JobFolder: " + USAGE);
            return 2;
        }
        JobFolder folder = new JobFolder();
        String failure = folder.call(arguments);
        folder.print();
        if (!failure.isEmpty()) {
            System.err.println("JobFolder: " + failure);
        }
        return failure.isEmpty() ? 0 : 1;
    }

    private static void serve(BufferedReader calls) throws IOException {
        for (String line = calls.readLine(); line != null; line = calls.readLine()) {
            String[] arguments = line.split("\t");
            JobFolder folder = new JobFolder();
            String failure = isCall(arguments) ? folder.call(arguments) : USAGE;
            folder.print();
            System.out.println("{\"failed\": " + quoted(failure) + "}");
            System.out.flush();
        }
    }

    private static boolean isCall(String[] arguments) {
        return arguments.length == 3 && arguments[0].equals("put")
                || arguments.length == 4 && arguments[0].equals("get");
    }

    /** Carries it out; why it failed, or "". */
    private String call(String[] arguments) {
        try {
            if (arguments[0].equals("put")) {
                put(Paths.get(arguments[1]), new Path(arguments[2]));
            } else {
                get(new Path(arguments[1]), Paths.get(arguments[2]), Long.parseLong(arguments[3]));
            }
            return "";
        } catch (IOException | RuntimeException error) {
            return cause(error);
        }
    }

    private void put(java.nio.file.Path local, Path remote) throws IOException {
        FileSystem target = remote.getFileSystem(CONFIGURATION);
        List<java.nio.file.Path> all;
        try (Stream<java.nio.file.Path> walk = Files.walk(local)) {
            all = walk.sorted().collect(Collectors.toList());
        }
        for (java.nio.file.Path each : all) {
            if (each.getFileName().toString().contains(":")) {
                throw new IOException("HDFS takes no name with a colon: rename " + local.relativize(each));
            }
        }
        for (java.nio.file.Path each : all) {
            String relative = local.relativize(each).toString();
            Path destination = relative.isEmpty() ? remote : new Path(remote, relative);
            if (Files.isDirectory(each)) {
                if (!target.mkdirs(destination)) {
                    throw new IOException("cannot make the folder " + destination);
                }
                continue;
            }
            try (InputStream in = Files.newInputStream(each);
                    OutputStream out = target.create(destination, true)) {
                copy(in, out);
            }
            list(relative, Files.size(each), true);
        }
    }

    private void get(Path remote, java.nio.file.Path local, long limit) throws IOException {
        FileSystem source = remote.getFileSystem(CONFIGURATION);
        if (!source.exists(remote)) {
            return; // a job need not leave any output
        }
        FileStatus top = source.getFileStatus(remote);
        if (!top.isDirectory()) {
            throw new IOException(remote + " is a file; output belongs into a folder of this name");
        }
        List<Found> files = new ArrayList<>();
        walk(source, remote, "", files);
        long rest = limit;
        for (Found file : files) {
            boolean fits = file.status.getLen() <= rest;
            if (fits) {
                rest -= file.status.getLen();
                fetch(source, file, local);
            }
            list(file.path, file.status.getLen(), fits);
        }
    }

    private void walk(FileSystem source, Path folder, String prefix, List<Found> files) throws IOException {
        FileStatus[] entries = source.listStatus(folder);
        Arrays.sort(entries, Comparator.comparing((FileStatus entry) -> entry.getPath().getName()));
        for (FileStatus entry : entries) {
            String path = prefix + entry.getPath().getName();
            if (entry.isDirectory()) {
                walk(source, entry.getPath(), path + "/", files);
            } else if (files.size() < MOST_LISTED) {
                files.add(new Found(path, entry));
            } else {
                leftOut++;
            }
        }
    }

    private static void fetch(FileSystem source, Found file, java.nio.file.Path local) throws IOException {
        java.nio.file.Path destination = local.resolve(file.path).normalize();
        if (!destination.startsWith(local.normalize())) {
            throw new IOException("the name leads out of the folder: " + file.path);
        }
        Files.createDirectories(destination.getParent());
        java.nio.file.Path partial = Files.createTempFile(destination.getParent(), ".partial", "");
        try {
            try (InputStream in = source.open(file.status.getPath());
                    OutputStream out = Files.newOutputStream(partial)) {
                copy(in, out);
            }
            Files.move(partial, destination, StandardCopyOption.REPLACE_EXISTING);
        } finally {
            Files.deleteIfExists(partial);
        }
    }

    private static void copy(InputStream in, OutputStream out) throws IOException {
        byte[] buffer = new byte[BUFFER_BYTES];
        for (int count = in.read(buffer); count >= 0; count = in.read(buffer)) {
            out.write(buffer, 0, count);
        }
    }

    private void list(String path, long size, boolean copied) {
        listed++;
        if (listed > MOST_LISTED) {
            leftOut++;
            return;
        }
        lines.append("{\"path\": ").append(quoted(path)).append(", \"size\": ").append(size);
        lines.append(", \"copied\": ").append(copied).append("}\n");
    }

    private void print() {
        if (leftOut > 0) {
            lines.append("{\"left_out\": ").append(leftOut).append("}\n");
        }
        byte[] bytes = lines.toString().getBytes(StandardCharsets.US_ASCII);
        System.out.write(bytes, 0, bytes.length);
        System.out.flush();
    }

    private static String quoted(String text) {
        StringBuilder json = new StringBuilder("\"");
        for (char letter : text.toCharArray()) {
            if (letter == '"' || letter == '\\') {
                json.append('\\').append(letter);
            } else if (letter < ' ' || letter > '~') {
                json.append(String.format("\\u%04x", (int) letter));
            } else {
                json.append(letter);
            }
        }
        return json.append('"').toString();
    }

    private static String cause(Throwable error) {
        String message = error.getMessage() == null ? "" : error.getMessage().strip();
        String first = message.lines().findFirst().orElse("");
        return first.isEmpty() ? error.getClass().getSimpleName() : error.getClass().getSimpleName() + ": " + first;
    }

    private static final class Found {
        final String path;
        final FileStatus status;

        Found(String path, FileStatus status) {
            this.path = path;
            this.status = status;
        }
    }
}
