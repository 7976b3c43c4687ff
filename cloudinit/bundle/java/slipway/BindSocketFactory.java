package slipway;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketAddress;
import java.nio.channels.SocketChannel;
import javax.net.SocketFactory;

/**
 * Opens every connection of Hadoop's RPC FROM the node's own address (-Dslipway.address, else SLIPWAY_ADDRESS).
 *
 * <p>Several nodes may share one machine. The kernel would then give all of them the same source address, by which the
 * NameNode tells its datanodes, and its friends, apart. A program that has a {@link Gate} waits there before its first
 * connection.
 */
public final class BindSocketFactory extends SocketFactory {
    private static final String ADDRESS = System.getProperty("slipway.address", System.getenv("SLIPWAY_ADDRESS"));

    @Override
    public Socket createSocket() throws IOException {
        Gate.await();
        SocketChannel channel = SocketChannel.open();
        try {
            if (ADDRESS != null && !ADDRESS.isEmpty()) {
                channel.bind(new InetSocketAddress(InetAddress.getByName(ADDRESS), 0));
            }
            return channel.socket();
        } catch (IOException | RuntimeException e) {
            channel.close();
            throw e;
        }
    }

    @Override
    public Socket createSocket(String host, int port) throws IOException {
        return connected(new InetSocketAddress(host, port));
    }

    @Override
    public Socket createSocket(InetAddress host, int port) throws IOException {
        return connected(new InetSocketAddress(host, port));
    }

    @Override
    public Socket createSocket(String host, int port, InetAddress local, int localPort) throws IOException {
        return createSocket(host, port);
    }

    @Override
    public Socket createSocket(InetAddress host, int port, InetAddress local, int localPort) throws IOException {
        return createSocket(host, port);
    }

    private Socket connected(SocketAddress remote) throws IOException {
        Socket socket = createSocket();
        try {
            socket.connect(remote);
            return socket;
        } catch (IOException | RuntimeException e) {
            socket.close();
            throw e;
        }
    }

    // Hadoop keeps one pool of connections for each socket factory that is not equal to another.
    @Override
    public boolean equals(Object other) {
        return other instanceof BindSocketFactory;
    }

    @Override
    public int hashCode() {
        return BindSocketFactory.class.hashCode();
    }
}
