// SPDX-License-Identifier: MIT
import com.google.gson.Gson;
import com.google.protobuf.Any;
import com.google.rpc.BadRequest;
import com.google.rpc.ErrorInfo;
import com.huaweicloud.apig.v2.ApiGroupServiceGrpc;
import com.huaweicloud.apig.v2.CreateApiGroupRequest;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/** Create ADDRESS NAME SERVICE-CONFIG creates an API group and prints its ID, or the error. */
public final class Create {
    public static void main(String[] arguments) throws Exception {
        Map<String, ?> policy = new Gson().fromJson(Files.readString(Path.of(arguments[2])), Map.class);
        ManagedChannel channel = Grpc.newChannelBuilder(arguments[0], InsecureChannelCredentials.create())
                .defaultServiceConfig(policy).build();
        try {
            var request = CreateApiGroupRequest.newBuilder().setName(arguments[1]).build();
            System.out.println("created " + ApiGroupServiceGrpc.newBlockingStub(channel).createApiGroup(request).getId());
        } catch (StatusRuntimeException failed) {
            // UNAVAILABLE with an ErrorInfo means that nothing was processed. Call again.
            // UNAVAILABLE without one comes from the transport. Look for the name before calling again.
            System.out.println(failed.getStatus().getCode() + " " + failed.getStatus().getDescription());
            for (Any detail : StatusProto.fromThrowable(failed).getDetailsList()) {
                if (detail.is(ErrorInfo.class)) {
                    System.out.println("reason " + detail.unpack(ErrorInfo.class).getReason());
                } else if (detail.is(BadRequest.class)) {
                    for (var violation : detail.unpack(BadRequest.class).getFieldViolationsList()) {
                        System.out.println("field " + violation.getField() + " " + violation.getDescription());
                    }
                }
            }
        } finally {
            channel.shutdownNow();
        }
    }
}
