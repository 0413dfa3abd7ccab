import MawsBase
import Synchronization

/// What makes changes in place survive a death at any instruction: before a chunk is changed, what it holds is copied
/// and the chunk is marked; afterwards it is marked as done. A later process puts back the chunks that were not done,
/// and does all that are left.
///
/// A mark is a checksum of what it says: of which chunk, on the way to which version, how far. So a mark that was
/// damaged, or that is of another update than the header speaks of, is known as such. The copies are believed only for
/// as much as the checksums say that are copied with them.
package struct UpdateJournal {
    private enum Progress: UInt64 {
        case untouched = 0
        case changing = 1
        case done = 2
    }

    /// Before a lane's copy: the chunk's number plus 1.
    private static let headerBytes = 64

    private let marks: UnsafeMutablePointer<UInt32>
    private let lanes: UnsafeMutableRawPointer
    private let shape: StateShape
    /// The version that the update makes.
    private let version: StepIndex

    init(
        marks: UnsafeMutablePointer<UInt32>, lanes: UnsafeMutableRawPointer, shape: StateShape, version: StepIndex
    ) {
        self.marks = marks
        self.lanes = lanes
        self.shape = shape
        self.version = version
    }

    /// Bytes of a lane whose chunks change this many bytes at most.
    package static func laneBytes(changing count: Int) -> Int { (headerBytes + count + 63) / 64 * 64 }

    package func isDone(_ chunk: Int) -> Bool { marks[chunk] == Self.mark(.done, chunk, version) }

    /// Changes the chunk, on the thread that has the lane to itself.
    ///
    /// - Parameter areas: all that `change` changes, checksums included.
    package func change(
        _ chunk: Int, lane: Int, areas: [UnsafeMutableRawBufferPointer], _ change: () throws -> Void
    ) rethrows {
        let header = lanes + lane * shape.laneBytes
        var copy = header + Self.headerBytes
        precondition(areas.reduce(Self.headerBytes) { $0 + $1.count } <= shape.laneBytes)
        for area in areas where !area.isEmpty {
            copy.copyMemory(from: area.baseAddress!, byteCount: area.count)
            copy += area.count
        }
        Self.fence()
        header.storeBytes(of: UInt64(chunk + 1), as: UInt64.self)
        Self.fence()
        marks[chunk] = Self.mark(.changing, chunk, version)
        Self.fence()
        try change()
        finish(chunk)
    }

    /// The chunk is as it will be.
    private func finish(_ chunk: Int) {
        Self.fence()
        marks[chunk] = Self.mark(.done, chunk, version)
        Self.fence()
    }

    /// Puts back what chunks held whose change was not finished, and clears the lanes.
    ///
    /// - Parameter areas: of a chunk, as they were given to `change`.
    /// - Returns: a chunk whose mark or copy is not to be believed; nil: there is none.
    package func restore(_ areas: (Int) -> [UnsafeMutableRawBufferPointer]) -> Int? {
        for lane in 0..<shape.laneCount {
            let header = lanes + lane * shape.laneBytes
            let number = header.load(as: UInt64.self)
            guard number > 0, number <= UInt64(shape.chunkCount) else { continue }
            let chunk = Int(number) - 1
            guard marks[chunk] == Self.mark(.changing, chunk, version) else { continue }
            var copy = UnsafeRawPointer(header + Self.headerBytes)
            for area in areas(chunk) where !area.isEmpty {
                area.copyMemory(from: UnsafeRawBufferPointer(start: copy, count: area.count))
                copy += area.count
            }
            Self.fence()
            marks[chunk] = Self.mark(.untouched, chunk, version)
        }
        // What this process copies into a lane may not be taken for the chunk that the lane named before.
        Self.fence()
        for lane in 0..<shape.laneCount { clear(lane) }
        Self.fence()
        return (0..<shape.chunkCount).first {
            !isDone($0) && marks[$0] != Self.mark(.untouched, $0, version)
        }
    }

    /// While no update is under way: a chunk whose mark is of another update than the one that made this version, and
    /// was not only cleared for the next; nil: there is none. Such a mark says that the header is older than the file.
    package func foreignMark() -> Int? {
        (0..<shape.chunkCount).first {
            !isDone($0) && marks[$0] != Self.mark(.untouched, $0, version)
                && marks[$0] != Self.mark(.untouched, $0, version.next)
        }
    }

    func clear() {
        for chunk in 0..<shape.chunkCount { marks[chunk] = Self.mark(.untouched, chunk, version) }
        for lane in 0..<shape.laneCount { clear(lane) }
    }

    private func clear(_ lane: Int) { (lanes + lane * shape.laneBytes).storeBytes(of: 0, as: UInt64.self) }

    private static func mark(_ progress: Progress, _ chunk: Int, _ version: StepIndex) -> UInt32 {
        let words = SIMD2(version.value, UInt64(chunk) << 2 | progress.rawValue)
        return withUnsafeBytes(of: words) { CRC32C.checksum($0.bytes) }
    }

    /// What a process stored is there after its death in the order of the program: the compiler must keep it.
    private static func fence() { atomicMemoryFence(ordering: .acquiringAndReleasing) }
}
