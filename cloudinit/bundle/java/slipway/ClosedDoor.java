package slipway;

import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.util.ReferenceCountUtil;
import org.apache.hadoop.conf.Configuration;

/**
 * A datanode answers every request over HTTP with 403.
 *
 * <p>What WebHDFS does there it does from the datanode's own address, as which it is a member of its cluster. Hadoop's own
 * filter refuses strangers to read and lets them write.
 */
@ChannelHandler.Sharable
public final class ClosedDoor extends ChannelInboundHandlerAdapter {
    /** Hadoop gives what this returns to the constructor; one handler serves all connections. */
    public static Configuration initializeState(Configuration configuration) {
        return configuration;
    }

    public ClosedDoor(Configuration configuration) {}

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        ReferenceCountUtil.release(message);
        if (message instanceof HttpRequest) {
            DefaultFullHttpResponse answer = new DefaultFullHttpResponse(
                    HttpVersion.HTTP_1_1, HttpResponseStatus.FORBIDDEN, Unpooled.EMPTY_BUFFER);
            answer.headers().set(HttpHeaderNames.CONTENT_LENGTH, 0);
            context.writeAndFlush(answer).addListener(ChannelFutureListener.CLOSE);
        }
    }
}
