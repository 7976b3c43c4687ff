package slipway;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.hdfs.HDFSPolicyProvider;
import org.apache.hadoop.hdfs.server.datanode.DataNode;
import org.apache.hadoop.hdfs.server.namenode.NameNode;
import org.apache.hadoop.hdfs.server.protocol.NamenodeProtocols;
import org.apache.hadoop.util.ServicePlugin;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes a running namenode or datanode go by its lists of hosts as they stand on disk, within a moment of a change.
 *
 * <p>Hadoop reads them anew only when its administrator's tool asks for it: a start of Java each time, and of a datanode
 * even that does not ask for all. The friends of the web pages are let in last: who waits for an answer of theirs finds
 * the namenode ready for it.
 */
public final class HostWatch implements ServicePlugin {
    private static final Logger LOG = LoggerFactory.getLogger(HostWatch.class);
    private static final int PAUSE_MILLISECONDS = 250;
    private static final List<String> FILES =
            Arrays.asList("core-site.xml", "hadoop-policy.xml", "datanodes.include", "datanodes.exclude");

    private Thread thread;

    @Override
    public void start(Object service) {
        Path folder = Paths.get(URI.create(new Configuration().getResource("core-site.xml").toString())).getParent();
        thread = new Thread(() -> watch(service, folder), "slipway-hosts");
        thread.setDaemon(true);
        thread.start();
    }

    private static void watch(Object service, Path folder) {
        // What changed while the service was starting may have come too late for it.
        String seen = changedSinceStart(folder) ? "" : state(folder);
        while (!Thread.interrupted()) {
            String now = state(folder);
            try {
                if (!now.equals(seen)) {
                    refresh(service);
                    seen = now;
                    LOG.info("goes by the lists of hosts as they are now");
                }
            } catch (IOException | RuntimeException e) {
                LOG.warn("could not go by the lists of hosts, will try again", e);
            }
            try {
                Thread.sleep(PAUSE_MILLISECONDS);
            } catch (InterruptedException e) {
                return;
            }
        }
    }

    private static void refresh(Object service) throws IOException {
        // Read before all else: by then the other lists are on disk, as they are written first.
        Configuration now = new Configuration();
        if (service instanceof NameNode) {
            NamenodeProtocols namenode = ((NameNode) service).getRpcServer();
            namenode.refreshNodes();
            namenode.refreshServiceAcl();
        } else {
            ((DataNode) service).ipcServer.refreshServiceAcl(now, new HDFSPolicyProvider());
        }
        HostFilter.admit(now.get(HostFilter.HOSTS, ""));
    }

    private static boolean changedSinceStart(Path folder) {
        Instant start = ProcessHandle.current().info().startInstant().orElse(Instant.EPOCH);
        return FILES.stream().anyMatch(name -> modified(folder.resolve(name)).isAfter(start));
    }

    private static String state(Path folder) {
        return FILES.stream()
                .map(name -> modified(folder.resolve(name)).toString())
                .collect(Collectors.joining(" "));
    }

    private static Instant modified(Path file) {
        try {
            return Files.getLastModifiedTime(file).toInstant();
        } catch (IOException e) {
            return Instant.EPOCH; // of these lists a datanode has only two
        }
    }

    @Override
    public void stop() {
        if (thread != null) {
            thread.interrupt();
        }
    }

    @Override
    public void close() {
        stop();
    }
}
