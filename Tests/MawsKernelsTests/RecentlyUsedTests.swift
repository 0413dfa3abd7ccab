import MawsKernels
import MawsTensor
import MawsTestSupport
import Synchronization
import Testing

@Suite struct RecentlyUsedTests {
    @Test func whatWasUsedLongestAgoMakesRoom() {
        let made = Mutex<[Int]>([])
        let dropped = Mutex<[Int]>([])
        var kept = RecentlyUsed<Int, Int>(limit: 3) { value in dropped.withLock { $0.append(value) } }
        for key in [1, 2, 3, 1, 4, 2, 1] {
            let value = kept.value(for: key) {
                made.withLock { $0.append(key) }
                return 10 * key
            }
            #expect(value == 10 * key && kept.count <= 3)
        }
        #expect(made.withLock { $0 } == [1, 2, 3, 4, 2])
        #expect(dropped.withLock { $0 } == [20, 30])
        kept.removeAll()
        #expect(dropped.withLock { $0.sorted() } == [10, 20, 20, 30, 40])
    }

    /// Captions of more lengths than products are kept, twice over.
    @Test func productsOfMoreShapesThanAreKeptAreRight() {
        let oneDNN = ComputeBackend.oneDNNAlone(threads: 1, operands: .float32)
        let reference = ComputeBackend.reference(threads: 1)
        let b = randomSlice(8 * 16, seed: 1)
        for rows in Array(1...230) + Array(1...230) {
            let a = randomSlice(rows * 8, seed: UInt64(rows))
            let (c, expected) = (zeroSlice(rows * 16), zeroSlice(rows * 16))
            for (backend, result) in [(oneDNN, c), (reference, expected)] {
                backend.matrixProduct(result, a, transposed: false, b, transposed: false, m: rows, n: 16, k: 8)
            }
            #expect(relativeError(c.array, expected.array) < 1e-5, "\(rows) rows")
        }
    }
}
