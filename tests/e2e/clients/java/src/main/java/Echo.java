// SPDX-License-Identifier: MIT
import io.grpc.CallOptions;
import io.grpc.ClientInterceptors;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.MetadataUtils;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

/** Echo ADDRESS PATH FILE calls PATH with the file's bytes, with gzip and then without, and prints each reply. */
public final class Echo {
    /** Sends and receives messages as they are. */
    private static final class Bytes implements MethodDescriptor.Marshaller<byte[]> {
        @Override public InputStream stream(byte[] value) { return new ByteArrayInputStream(value); }
        @Override public byte[] parse(InputStream stream) {
            try {
                return stream.readAllBytes();
            } catch (IOException failed) {
                throw new UncheckedIOException(failed);
            }
        }
    }

    private static void put(Metadata metadata, String name, String... values) {
        for (String value : values) metadata.put(Metadata.Key.of(name, Metadata.ASCII_STRING_MARSHALLER), value);
    }

    private static void put(Metadata metadata, String name, byte[]... values) {
        for (byte[] value : values) metadata.put(Metadata.Key.of(name, Metadata.BINARY_BYTE_MARSHALLER), value);
    }

    private static Metadata metadata() {
        byte[] every = new byte[256];
        for (int i = 0; i < every.length; i++) every[i] = (byte) i;
        Metadata metadata = new Metadata();
        put(metadata, "x-ascii", "a value, with = and spaces");
        put(metadata, "x-repeated", "first", "second");
        put(metadata, "x-data-bin", every);
        put(metadata, "x-empty-bin", new byte[0]);
        put(metadata, "x-repeated-bin", new byte[] {0}, new byte[] {(byte) 0xff, (byte) 0xfe});
        return metadata;
    }

    public static void main(String[] arguments) throws Exception {
        ManagedChannel channel = Grpc.newChannelBuilder(arguments[0], InsecureChannelCredentials.create()).build();
        MethodDescriptor<byte[], byte[]> method = MethodDescriptor.<byte[], byte[]>newBuilder()
                .setType(MethodDescriptor.MethodType.UNARY).setFullMethodName(arguments[1].substring(1))
                .setRequestMarshaller(new Bytes()).setResponseMarshaller(new Bytes()).build();
        byte[] request = Files.readAllBytes(Path.of(arguments[2]));
        try {
            for (String compression : new String[] {"gzip", "identity"}) {
                CallOptions options = CallOptions.DEFAULT.withCompression(compression).withDeadlineAfter(30, TimeUnit.SECONDS);
                System.out.println(new String(ClientCalls.blockingUnaryCall(
                        ClientInterceptors.intercept(channel, MetadataUtils.newAttachHeadersInterceptor(metadata())),
                        method, options, request)));
            }
        } finally {
            channel.shutdownNow();
        }
    }
}
