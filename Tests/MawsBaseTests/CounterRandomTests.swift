import MawsBase
import Testing

struct CounterRandomTests {
    /// `philox4x32 10` of the known answers that Random123 is published with (`kat_vectors`).
    private static let answers: [(counter: SIMD4<UInt32>, key: SIMD2<UInt32>, output: SIMD4<UInt32>)] = [
        (
            SIMD4(repeating: 0), SIMD2(repeating: 0),
            SIMD4(0x6627_E8D5, 0xE169_C58D, 0xBC57_AC4C, 0x9B00_DBD8)
        ),
        (
            SIMD4(repeating: 0xFFFF_FFFF), SIMD2(repeating: 0xFFFF_FFFF),
            SIMD4(0x408F_276D, 0x41C8_3B0E, 0xA20B_C7C6, 0x6D54_51FD)
        ),
        (
            SIMD4(0x243F_6A88, 0x85A3_08D3, 0x1319_8A2E, 0x0370_7344), SIMD2(0xA409_3822, 0x299F_31D0),
            SIMD4(0xD16C_FE09, 0x94FD_CCEB, 0x5001_E420, 0x2412_6EA1)
        ),
    ]

    @Test(arguments: answers.indices) func philoxGivesTheKnownAnswers(index: Int) {
        let answer = Self.answers[index]
        #expect(CounterRandom.philox(answer.counter, answer.key) == answer.output)
    }

    @Test func aStreamIsTheWordsOfAscendingCounters() {
        let key = CounterRandom.key(seed: 7, purpose: .test, stage: 3)
        var random = CounterRandom(seed: 7, purpose: .test, stage: 3, step: 5, element: 1 << 32 | 9)
        let words = (0..<12).map { _ in random.next() }
        let blocks = (0..<3).map { CounterRandom.philox(SIMD4($0, 5, 9, 1), key) }
        #expect(words == blocks.flatMap { block in (0..<4).map { block[$0] } })
    }

    @Test func purposesStagesStepsAndElementsHaveStreamsOfTheirOwn() {
        var streams = [
            CounterRandom(seed: 1, purpose: .test, element: 0), CounterRandom(seed: 2, purpose: .test, element: 0),
            CounterRandom(seed: 1, purpose: .mask, element: 0),
            CounterRandom(seed: 1, purpose: .test, stage: 1, element: 0),
            CounterRandom(seed: 1, purpose: .test, step: 1, element: 0),
            CounterRandom(seed: 1, purpose: .test, element: 1),
        ]
        #expect(Set(streams.indices.map { streams[$0].nextUInt64() }).count == streams.count)
    }
}
