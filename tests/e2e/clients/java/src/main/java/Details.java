// SPDX-License-Identifier: MIT
import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import com.google.protobuf.Any;
import com.google.protobuf.Message;
import com.google.protobuf.util.JsonFormat;
import com.google.rpc.BadRequest;
import com.google.rpc.ErrorInfo;
import com.google.rpc.RequestInfo;
import com.google.rpc.RetryInfo;
import com.google.rpc.Status;
import io.grpc.CallOptions;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;
import io.grpc.stub.ClientCalls;
import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.util.HexFormat;
import java.util.List;

/** Details ADDRESS PATH HEX calls PATH with those bytes and prints, as JSON, how it failed, by StatusProto alone. */
public final class Details {
    private static final List<Class<? extends Message>> TYPES =
            List.of(ErrorInfo.class, BadRequest.class, RequestInfo.class, RetryInfo.class);

    /** Sends and receives messages as they are. */
    private static final class Bytes implements MethodDescriptor.Marshaller<byte[]> {
        @Override public InputStream stream(byte[] value) { return new ByteArrayInputStream(value); }
        @Override public byte[] parse(InputStream stream) { return new byte[0]; }
    }

    private static JsonObject unpacked(Any any) throws Exception {
        JsonObject detail = new JsonObject();
        for (Class<? extends Message> type : TYPES) {
            if (!any.is(type)) continue;
            String value = JsonFormat.printer().print(any.unpack(type));
            detail.addProperty("type", any.getTypeUrl().substring(any.getTypeUrl().lastIndexOf('/') + 1));
            detail.add("value", JsonParser.parseString(value));
        }
        return detail;
    }

    private static JsonObject told(StatusRuntimeException failed) throws Exception {
        Status status = StatusProto.fromThrowable(failed);
        Metadata.Key<String> key = Metadata.Key.of("grpc-retry-pushback-ms", Metadata.ASCII_STRING_MARSHALLER);
        String pushback = failed.getTrailers() == null ? null : failed.getTrailers().get(key);
        JsonArray details = new JsonArray();
        for (Any any : status.getDetailsList()) details.add(unpacked(any));
        JsonObject told = new JsonObject();
        told.addProperty("code", status.getCode());
        told.addProperty("message", status.getMessage());
        told.add("details", details);
        told.addProperty("pushback", pushback == null ? "" : pushback);
        return told;
    }

    public static void main(String[] arguments) throws Exception {
        ManagedChannel channel = Grpc.newChannelBuilder(arguments[0], InsecureChannelCredentials.create()).build();
        MethodDescriptor<byte[], byte[]> method = MethodDescriptor.<byte[], byte[]>newBuilder()
                .setType(MethodDescriptor.MethodType.UNARY).setFullMethodName(arguments[1].substring(1))
                .setRequestMarshaller(new Bytes()).setResponseMarshaller(new Bytes()).build();
        try {
            ClientCalls.blockingUnaryCall(channel, method, CallOptions.DEFAULT, HexFormat.of().parseHex(arguments[2]));
            throw new IllegalStateException("a call that had to fail did not");
        } catch (StatusRuntimeException failed) {
            System.out.println(told(failed));
        } finally {
            channel.shutdownNow();
        }
    }
}
