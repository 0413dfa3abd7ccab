import MawsTensor
import Testing

@Suite struct WorkspaceTests {
    @Test func slicesDoNotOverlapAndAreAligned() {
        let workspace = Workspace()
        let slices = [3, 100, 2_000_000, 17].map { workspace.take($0) }
        for (index, slice) in slices.enumerated() {
            for position in [0, slice.count - 1] { slice[position] = Float(index) }
            #expect(Int(bitPattern: slice.pointer) % 64 == 0)
        }
        for (index, slice) in slices.enumerated() {
            #expect(slice[0] == Float(index) && slice[slice.count - 1] == Float(index))
        }
    }

    @Test func aSecondRoundAllocatesNothing() {
        let workspace = Workspace()
        var bytes: [Int] = []
        for _ in 0..<3 {
            for count in [700_000, 700_000, 5_000_000, 12] { _ = workspace.take(count) }
            workspace.releaseAll()
            bytes.append(workspace.byteCount)
        }
        #expect(Set(bytes).count == 1)
    }

    @Test func memoryIsGivenBackToAMark() {
        let workspace = Workspace()
        let kept = workspace.take(10)
        let mark = workspace.mark
        let first = workspace.take(100).pointer
        workspace.release(to: mark)
        #expect(workspace.take(100).pointer == first)
        #expect(kept.pointer != first)
    }

    @Test func zerosAreZeroInUsedMemory() {
        let workspace = Workspace()
        workspace.take(50).copy(from: [Float](repeating: 1, count: 50))
        workspace.releaseAll()
        #expect(workspace.takeZeros(50).array.allSatisfy { $0 == 0 })
    }
}
