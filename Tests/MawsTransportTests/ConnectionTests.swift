import MawsBase
import MawsTransport
import MawsWire
import Testing

@Suite(.timeLimit(.minutes(10)))
struct ConnectionTests {
    private let cluster = try! Cluster()

    @Test func bothSidesLearnWhoTheOtherIs() throws {
        let (trainer, server) = try connectedPair(cluster)
        #expect(trainer.peer == PeerIdentity(role: .server, name: "server", cluster: "test"))
        #expect(server.peer == PeerIdentity(role: .trainer, name: "trainer", cluster: "test"))
        #expect(server.remoteAddress.hasPrefix("127.0.0.1:"))
    }

    @Test func messagesArriveInOrderWithTheirPayloads() throws {
        let (trainer, server) = try connectedPair(cluster)
        let payload = pattern(count: 100_000, seed: 3)
        try payload.withUnsafeBytes { try trainer.send(push(block: 7), payload: $0) }
        try trainer.send(.statusRequest)
        let first = try server.receive(timeoutSeconds: 120)
        #expect(first.message == push(block: 7))
        #expect(first.payloadCount == payload.count)
        var arrived = [UInt8](repeating: 0, count: payload.count)
        try arrived.withUnsafeMutableBytes { try server.receivePayload(into: $0) }
        #expect(arrived == payload)
        #expect(try server.receive(timeoutSeconds: 120).message == .statusRequest)
        #expect(server.bytesReceived == trainer.bytesSent)
    }

    @Test func aPayloadMayBeDropped() throws {
        let (trainer, server) = try connectedPair(cluster)
        let sending = Background {
            try pattern(count: 3_000_000, seed: 1).withUnsafeBytes { try trainer.send(push(block: 0), payload: $0) }
            try trainer.send(.statusRequest)
        }
        #expect(try server.receive(timeoutSeconds: 120).payloadCount == 3_000_000)
        try server.discardPayload()
        #expect(try server.receive(timeoutSeconds: 120).message == .statusRequest)
        try sending.result()
    }

    /// With the usual keys, and with both sides renewing theirs all the time.
    @Test(arguments: [1 << 23, 3] as [UInt64])
    func bothDirectionsCarryTensorsAtTheSameTime(recordsPerKey: UInt64) throws {
        let (trainer, server) = try connectedPair(cluster, recordsPerKey: recordsPerKey)
        let frames = 12
        let threads = [
            Background { try sendFrames(frames, over: trainer, seed: 10) },
            Background { try sendFrames(frames, over: server, seed: 20) },
            Background { try sendHeartbeats(200, over: trainer) },
            Background { try expectFrames(frames, heartbeats: 200, from: server, seed: 10) },
            Background { try expectFrames(frames, heartbeats: 0, from: trainer, seed: 20) },
        ]
        for thread in threads { try thread.result() }
    }

    @Test func aReceiveThatTimesOutLeavesTheConnectionGood() throws {
        let (trainer, server) = try connectedPair(cluster)
        let start = Moment.now()
        #expect(throws: TransportError.timedOut(peer: server.peerName, waitingFor: "a message", seconds: 0.2)) {
            try server.receive(timeoutSeconds: 0.2)
        }
        #expect(Moment.now().seconds(since: start) > 0.19)
        try trainer.send(.heartbeat)
        #expect(try server.receive(timeoutSeconds: 120).message == .heartbeat)
    }

    /// Who stops in the middle of a frame, or reads nothing, is given up as soon as the connection says.
    @Test func aStallIsGivenUpAfterTheConnectionsOwnTime() throws {
        let (trainer, server) = try connectedPair(cluster)
        server.giveUp(afterSeconds: 0.2)
        try trainer.send(frame: Array(Connection.frame(.heartbeat).prefix(10)))
        let stalled = #expect(throws: TransportError.self) { try server.receive(timeoutSeconds: 120) }
        #expect(stalled?.description.contains("nothing came for 0.2 s inside a frame") == true)
        let (reader, writer) = try connectedPair(cluster)
        writer.giveUpReaders(afterSeconds: 0.2)
        let payload = [UInt8](repeating: 7, count: 64 << 20)
        #expect(throws: TransportError.self) {
            try payload.withUnsafeBytes { try writer.send(push(block: 0), payload: $0) }
        }
        reader.close()
    }

    @Test func closingWakesTheReceiversOfBothSides() throws {
        let (trainer, server) = try connectedPair(cluster)
        let waiting = Background { try server.receive(timeoutSeconds: 120) }
        let own = Background { try trainer.receive(timeoutSeconds: 120) }
        trainer.close()
        #expect(throws: TransportError.closed(peer: server.peerName)) { try waiting.result() }
        #expect(throws: TransportError.closed(peer: trainer.peerName)) { try own.result() }
        #expect(throws: TransportError.closed(peer: trainer.peerName)) { try trainer.send(.heartbeat) }
    }

    @Test func closingTheListenerWakesItsAcceptor() throws {
        let listener = try cluster.listener()
        let accepting = Background { try listener.accept() == nil }
        listener.close()
        #expect(try accepting.result())
    }

    @Test func whatWasSentBeforeARefusalIsClosedCanBeRead() throws {
        let (trainer, server) = try connectedPair(cluster)
        let refusing = Background { server.refuse("the plan has 3 shards, this server is 0/2") }
        try trainer.send(.heartbeat)
        let answer = try trainer.receive(timeoutSeconds: 120)
        #expect(answer.message == .refused(reason: "the plan has 3 shards, this server is 0/2", mayTryAgain: false))
        trainer.close()
        try refusing.result()
    }
}

func push(block: UInt32) -> Message {
    .push(
        Push(
            term: Term(1), stage: StageIndex(0), step: StepIndex(5), unit: UnitIndex(2), block: block,
            encoding: .fp32))
}

func pattern(count: Int, seed: UInt64) -> [UInt8] {
    var state = seed
    return (0..<count).map { _ in
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return UInt8(truncatingIfNeeded: state >> 40)
    }
}

/// Sizes on both sides of the record and batch sizes, up to some megabytes.
private func payloadCount(_ frame: Int) -> Int { [1, 16_383, 16_384, 100_001, 3_000_000, 5_000_000][frame % 6] }

private func sendFrames(_ frames: Int, over connection: Connection, seed: UInt64) throws {
    for frame in 0..<frames {
        let payload = pattern(count: payloadCount(frame), seed: seed + UInt64(frame))
        try payload.withUnsafeBytes { try connection.send(push(block: UInt32(frame)), payload: $0) }
    }
}

private func sendHeartbeats(_ count: Int, over connection: Connection) throws {
    for _ in 0..<count { try connection.send(.heartbeat) }
}

private func expectFrames(_ frames: Int, heartbeats: Int, from connection: Connection, seed: UInt64) throws {
    var (seen, beats) = (0, 0)
    while seen < frames || beats < heartbeats {
        let incoming = try connection.receive(timeoutSeconds: 120)
        if incoming.message == .heartbeat {
            beats += 1
            continue
        }
        #expect(incoming.message == push(block: UInt32(seen)))
        var arrived = [UInt8](repeating: 0, count: incoming.payloadCount)
        try arrived.withUnsafeMutableBytes { try connection.receivePayload(into: $0) }
        #expect(arrived == pattern(count: payloadCount(seen), seed: seed + UInt64(seen)))
        seen += 1
    }
}
