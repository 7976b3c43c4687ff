package slipway;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;

/**
 * Waits for the peer that this program needs: until GET on -Dslipway.wait=URL answers 200 with -Dslipway.wait.for=TEXT in
 * it. Without such a URL there is no wait.
 *
 * <p>Who comes while the peer is still starting is turned away and comes again after seconds: a Spark worker after 5 to
 * 15, a datanode after 5. A port that accepts connections does not say that the peer has started.
 */
final class Gate {
    private static final int ANSWER_MILLISECONDS = 3000;
    private static final int PAUSE_MILLISECONDS = 100;
    private static final int LONGEST_ANSWER = 1024 * 1024;

    private static boolean open = System.getProperty("slipway.wait", "").isEmpty();

    private Gate() {}

    /** Returns when the peer was once ready; IOException where it is not within -Dslipway.wait.seconds (120). */
    static synchronized void await() throws IOException {
        int seconds = Integer.getInteger("slipway.wait.seconds", 120);
        long end = System.nanoTime() + seconds * 1_000_000_000L;
        while (!open) {
            open = isReady(URI.create(System.getProperty("slipway.wait")), System.getProperty("slipway.wait.for", ""));
            if (!open) {
                if (System.nanoTime() > end) {
                    throw new IOException(System.getProperty("slipway.wait") + " did not answer as it should within "
                            + seconds + " s");
                }
                pause();
            }
        }
    }

    private static boolean isReady(URI peer, String text) {
        try (Socket socket = new Socket()) {
            String source = System.getProperty("slipway.address", "");
            if (!source.isEmpty()) {
                socket.bind(new InetSocketAddress(InetAddress.getByName(source), 0));
            }
            socket.setSoTimeout(ANSWER_MILLISECONDS);
            socket.connect(new InetSocketAddress(peer.getHost(), peer.getPort()), ANSWER_MILLISECONDS);
            String path = peer.getRawPath() + (peer.getRawQuery() == null ? "" : "?" + peer.getRawQuery());
            String request = "GET " + path + " HTTP/1.0\r\nHost: " + peer.getHost() + "\r\n\r\n";
            socket.getOutputStream().write(request.getBytes(StandardCharsets.US_ASCII));
            byte[] answer = socket.getInputStream().readNBytes(LONGEST_ANSWER);
            String words = new String(answer, StandardCharsets.UTF_8);
            return words.matches("(?s)HTTP/1\\.\\d 200 .*") && words.contains(text);
        } catch (IOException e) {
            return false;
        }
    }

    private static void pause() throws IOException {
        try {
            Thread.sleep(PAUSE_MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while waiting for " + System.getProperty("slipway.wait"), e);
        }
    }
}
