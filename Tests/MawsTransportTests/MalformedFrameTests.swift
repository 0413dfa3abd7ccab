import COpenSSL
import Foundation
import MawsBase
import MawsTransport
import MawsWire
import Testing

/// A peer with a good certificate that sends bad bytes.
@Suite(.timeLimit(.minutes(10)))
struct MalformedFrameTests {
    private let cluster = try! Cluster()

    /// What `receive` throws after a trainer sent these bytes.
    private func reason(for bytes: [UInt8]) throws -> String {
        let listener = try cluster.listener()
        let accepted = acceptOne(listener)
        let context = SSL_CTX_new(TLS_method())
        SSL_CTX_use_certificate_chain_file(context, "\(cluster.certificates)/trainer.pem")
        SSL_CTX_use_PrivateKey_file(context, "\(cluster.certificates)/trainer.key", SSL_FILETYPE_PEM)
        let descriptor = connectTCP(port: listener.port)
        let ssl = SSL_new(context)
        defer {
            SSL_free(ssl)
            SSL_CTX_free(context)
            close(descriptor)
        }
        SSL_set_fd(ssl, descriptor)
        #expect(SSL_connect(ssl) == 1)
        // One byte a record: the receiver puts frames together from any pieces.
        for byte in bytes { _ = withUnsafeBytes(of: byte) { SSL_write(ssl, $0.baseAddress, 1) } }
        SSL_shutdown(ssl)
        let connection = try accepted.result()
        do {
            let incoming = try connection.receive(timeoutSeconds: 120)
            return "received \(incoming.message)"
        } catch {
            return "\(error)"
        }
    }

    private func header(_ kind: MessageKind, body: UInt32 = 0, payload: UInt64 = 0) -> [UInt8] {
        var bytes = Array("MAWS".utf8) + [UInt8(ProtocolVersion.current), 0, kind.rawValue, 0]
        withUnsafeBytes(of: body.littleEndian) { bytes.append(contentsOf: $0) }
        withUnsafeBytes(of: payload.littleEndian) { bytes.append(contentsOf: $0) }
        withUnsafeBytes(of: CRC32C.checksum(bytes).littleEndian) { bytes.append(contentsOf: $0) }
        return bytes
    }

    @Test func aFrameInSingleBytesIsUnderstood() throws {
        #expect(try reason(for: header(.heartbeat)) == "received heartbeat")
    }

    @Test func aHugeDeclaredPayloadIsRefusedBeforeAllocation() throws {
        let reason = try reason(for: header(.push, body: 75, payload: 1 << 60))
        #expect(reason.contains("the payload of push is 1152921504606846976 bytes, above its limit"))
    }

    @Test func aHugeDeclaredBodyIsRefusedBeforeAllocation() throws {
        #expect(try reason(for: header(.leases, body: .max)).contains("the body of leases is 4294967295 bytes"))
    }

    @Test func aPayloadWhereNoneBelongsIsRefused() throws {
        #expect(
            try reason(for: header(.statusRequest, payload: 1)).contains(
                "the payload of statusRequest is 1 bytes, above its limit of 0"))
    }

    @Test func garbageInsideTLSIsRefused() throws {
        #expect(try reason(for: [UInt8](repeating: 0x41, count: 24)).contains("not with MAWS"))
    }

    @Test func aConnectionThatEndsInsideAFrameIsClosed() throws {
        #expect(try reason(for: Array(header(.heartbeat).prefix(10))).contains("closed the connection"))
    }
}
