import MawsBase
import MawsTransport
import MawsWire
import Testing

/// A figure to read, with a floor low enough for a busy machine.
@Suite(.timeLimit(.minutes(10)))
struct SpeedTests {
    @Test func oneDirectionOfALoopbackConnectionIsFast() throws {
        let (trainer, server) = try connectedPair(try Cluster())
        let (frames, count) = (24, 32 << 20)
        let start = Moment.now()
        let sending = Background {
            let payload = [UInt8](repeating: 7, count: count)
            for frame in 0..<frames {
                try payload.withUnsafeBytes { try trainer.send(push(block: UInt32(frame)), payload: $0) }
            }
        }
        var arrived = [UInt8](repeating: 0, count: count)
        for _ in 0..<frames {
            let incoming = try server.receive(timeoutSeconds: 120)
            #expect(incoming.payloadCount == count)
            try arrived.withUnsafeMutableBytes { try server.receivePayload(into: $0) }
        }
        let seconds = Moment.now().seconds(since: start)
        try sending.result()
        print("loopback, one direction: \(Double(frames * count) / seconds / 1e9) GB/s")
    }
}
