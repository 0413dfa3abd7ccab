import MawsBase
import MawsWire
import Testing

struct MessageCodecTests {
    @Test func thereIsASampleOfEveryKind() {
        #expect(Set(Sample.all.map(\.message.kind)) == Set(MessageKind.allCases))
    }

    @Test(arguments: Sample.all) func aMessageSurvivesTheWay(sample: Sample) throws {
        let body = MessageCodec.encode(sample.message)
        #expect(try MessageCodec.decode(kind: sample.message.kind, body: body) == sample.message)
        #expect(body.count <= sample.message.kind.bodyLimit)
    }

    @Test(arguments: Sample.all) func everyTruncatedBodyIsRefused(sample: Sample) {
        let body = MessageCodec.encode(sample.message)
        for count in 0..<body.count {
            #expect(throws: WireError.self) {
                try MessageCodec.decode(kind: sample.message.kind, body: Array(body.prefix(count)))
            }
        }
    }

    @Test(arguments: Sample.all) func bytesAfterTheLastFieldAreRefused(sample: Sample) {
        let body = MessageCodec.encode(sample.message) + [0]
        #expect(throws: WireError.trailingBytes(kind: sample.message.kind, bytes: 1)) {
            try MessageCodec.decode(kind: sample.message.kind, body: body)
        }
    }

    /// There is one byte form of every message: what is accepted encodes to the same bytes again.
    @Test(arguments: Sample.all) func mutatedBodiesAreRefusedOrMeanWhatTheySay(sample: Sample) {
        let body = MessageCodec.encode(sample.message)
        for round in 0..<2000 {
            var random = CounterRandom(seed: 1, purpose: .test, element: UInt64(round))
            let mutated = mutate(body, &random)
            guard let message = try? MessageCodec.decode(kind: sample.message.kind, body: mutated) else { continue }
            #expect(MessageCodec.encode(message) == mutated)
        }
    }

    @Test func bodiesOfNoiseAreRefusedOrMeanWhatTheySay() {
        for kind in MessageKind.allCases {
            for round in 0..<500 {
                var random = CounterRandom(seed: 2, purpose: .test, element: UInt64(round))
                let noise = (0..<random.below(200)).map { _ in UInt8(random.below(256)) }
                guard let message = try? MessageCodec.decode(kind: kind, body: noise) else { continue }
                #expect(MessageCodec.encode(message) == noise)
            }
        }
    }

    @Test func anArrayThatClaimsMoreThanThereIsGetsNoRoom() {
        let body = [UInt8](repeating: 0, count: 28) + [255, 255, 255, 255]
        #expect(throws: WireError.truncated(kind: .reduced, neededBytes: 8 * 0xFFFF_FFFF, remainingBytes: 0)) {
            try MessageCodec.decode(kind: .reduced, body: body)
        }
    }

    @Test func aShapeWhoseSizeOverflowsIsRefused() {
        let side: [UInt8] = [0, 0, 0, 0, 0, 1, 0, 0]
        var body = [UInt8](repeating: 0, count: 8) + [0, 0, 0, 0] + [0, 0, 0, 0]
        body += [1, 0, 0, 0] + [0, 0, 0, 0] + [1] + [1, 0, 0, 0]
        body += [0, 0, 0, 0] + [2, 0, 0, 0] + side + side + [UInt8](repeating: 0, count: 60)
        #expect(throws: WireError.badField(kind: .configure, field: "shape of ", reason: "has more than 2^40 elements"))
        {
            try MessageCodec.decode(kind: .configure, body: body)
        }
    }

    private func mutate(_ body: [UInt8], _ random: inout CounterRandom) -> [UInt8] {
        var mutated = body
        for _ in 0...random.below(3) {
            switch random.below(4) {
            case 0 where !mutated.isEmpty: mutated.remove(at: random.below(mutated.count))
            case 1: mutated.insert(UInt8(random.below(256)), at: random.below(mutated.count + 1))
            case _ where !mutated.isEmpty: mutated[random.below(mutated.count)] = UInt8(random.below(256))
            default: break
            }
        }
        return mutated
    }
}
