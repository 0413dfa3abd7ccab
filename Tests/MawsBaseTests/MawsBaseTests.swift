import MawsBase
import Testing

@Suite struct CounterRandomTests {
    /// Known answers of the authors' Random123 distribution (`kat_vectors`, philox4x32 10).
    @Test func philoxGivesTheAuthorsKnownAnswers() {
        #expect(
            CounterRandom.philox(SIMD4(0, 0, 0, 0), SIMD2(0, 0))
                == SIMD4(0x6627_E8D5, 0xE169_C58D, 0xBC57_AC4C, 0x9B00_DBD8))
        #expect(
            CounterRandom.philox(
                SIMD4(0x243F_6A88, 0x85A3_08D3, 0x1319_8A2E, 0x0370_7344), SIMD2(0xA409_3822, 0x299F_31D0))
                == SIMD4(0xD16C_FE09, 0x94FD_CCEB, 0x5001_E420, 0x2412_6EA1))
    }

    @Test func permutationHoldsEveryIndexOnce() {
        var random = CounterRandom(seed: 1, purpose: .test, element: 5)
        #expect(random.permutation(1000).sorted() == Array(0..<1000))
    }
}

@Suite struct ShardLayoutTests {
    @Test(arguments: [1, 2, 3, 16])
    func slicesOfAllShardsCoverEveryBlockOnce(shardCount: Int) {
        let counts = [1, 4096, 4097, 100_000, 0]
        let layouts = (0..<shardCount).map {
            ShardLayout(blockCounts: counts, shard: ShardIdentity(index: $0, count: shardCount))
        }
        for (block, count) in counts.enumerated() {
            let covered = layouts.map { $0.slices[block] }.filter { !$0.isEmpty }.sorted {
                $0.lowerBound < $1.lowerBound
            }
            #expect(covered.reduce(0) { $0 == $1.lowerBound ? $1.upperBound : -1 } == count)
            #expect(covered.allSatisfy { $0.lowerBound % ShardLayout.chunkLength == 0 })
        }
    }
}
