package slipway;

import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.util.Arrays;

/**
 * java -Dslipway.wait=HOST:PORT [-Dslipway.wait.seconds=N] slipway.Launch MAIN ARGUMENTS: calls MAIN as soon as the peer
 * that it needs accepts connections; exits 1 if it does not within the bound (120 s).
 *
 * <p>A Spark worker that finds no master tries again only after 5 to 15 seconds. Waiting inside the JVM hides its own
 * start behind that of the master.
 */
public final class Launch {
    private static final int CONNECT_MILLISECONDS = 1000;
    private static final int PAUSE_MILLISECONDS = 50;

    private Launch() {}

    public static void main(String[] arguments) throws Throwable {
        Class<?> main = Class.forName(arguments[0], false, Launch.class.getClassLoader());
        String peer = System.getProperty("slipway.wait", "");
        int seconds = Integer.getInteger("slipway.wait.seconds", 120);
        if (!peer.isEmpty() && !answers(peer, seconds)) {
            System.err.println("Launch: " + peer + " did not accept a connection within " + seconds + " s");
            System.exit(1);
        }
        try {
            main.getMethod("main", String[].class)
                    .invoke(null, (Object) Arrays.copyOfRange(arguments, 1, arguments.length));
        } catch (InvocationTargetException e) {
            throw e.getCause();
        }
    }

    private static boolean answers(String peer, int seconds) throws InterruptedException {
        int colon = peer.lastIndexOf(':');
        String host = peer.substring(0, colon);
        int port = Integer.parseInt(peer.substring(colon + 1));
        String source = System.getProperty("slipway.address", "");
        long end = System.nanoTime() + seconds * 1_000_000_000L;
        while (System.nanoTime() < end) {
            try (Socket socket = new Socket()) {
                if (!source.isEmpty()) {
                    socket.bind(new InetSocketAddress(InetAddress.getByName(source), 0));
                }
                socket.connect(new InetSocketAddress(host, port), CONNECT_MILLISECONDS);
                return true;
            } catch (IOException e) {
                Thread.sleep(PAUSE_MILLISECONDS);
            }
        }
        return false;
    }
}
