import MawsBase
import MawsFiles

/// The bytes of one header slot. Two slots are written in turn; the one with the higher sequence number and a right
/// checksum counts, so a slot cut short by a death leaves the other one in force.
struct StateHeader: Hashable {
    static let size = 512
    private static let magic: UInt64 = 0x3545_5441_5453_574D  // "MWSTATE5"
    private static let nameLimit = 256
    private static let checksumOffset = 8

    var sequence: UInt64
    var content: StateContent
    var shape: StateShape
    /// Identity of the machine's present run, 16 bytes: what a mapped file holds is whole only until the machine stops.
    var boot: [UInt8]
    /// Drawn when the file was made: no checksum of another file is good in this one.
    var nonce: UInt64

    func encoded() throws -> [UInt8] {
        let name = Array(content.runID.utf8)
        guard name.count <= Self.nameLimit, content.tableHash.count == 32, boot.count == 16 else {
            throw StorageError.damaged(path: "state of run \(content.runID)", reason: "its identity has a wrong size")
        }
        var writer = HeaderWriter()
        writer.add(Self.magic)
        writer.add(0)  // The checksum's place.
        writer.add(sequence)
        for number in [content.shard.index, content.shard.count, Int(content.stage.value), content.activeBank] {
            writer.add(UInt64(number))
        }
        writer.add(content.step.value)
        writer.add(content.hasReduced ? 1 : 0)
        writer.add(content.update == nil ? 0 : 1)
        writer.add(content.update?.learningRate.bitPattern ?? 0)
        writer.add(content.update?.clipScale.bitPattern ?? 0)
        writer.add(content.droppedCount)
        writer.add(nonce)
        for number in shape.numbers { writer.add(UInt64(number)) }
        writer.add(UInt64(name.count))
        var bytes = writer.bytes + boot + content.tableHash + name
        bytes += [UInt8](repeating: 0, count: Self.size - bytes.count)
        let checksum = HeaderWriter(UInt64(CRC32C.checksum(bytes))).bytes
        bytes.replaceSubrange(Self.checksumOffset..<Self.checksumOffset + 8, with: checksum)
        return bytes
    }

    /// Whether another version of this program made these bytes.
    static func isForeign(_ bytes: [UInt8]) -> Bool {
        var reader = HeaderReader(bytes: bytes)
        let found = reader.next()
        return found != magic && found << 8 == magic << 8
    }

    /// Nil for anything that `encoded` did not make.
    init?(_ bytes: [UInt8]) {
        var cleared = bytes
        cleared.replaceSubrange(Self.checksumOffset..<Self.checksumOffset + 8, with: [UInt8](repeating: 0, count: 8))
        var reader = HeaderReader(bytes: bytes)
        guard reader.next() == Self.magic, reader.next() == UInt64(CRC32C.checksum(cleared)) else { return nil }
        sequence = reader.next()
        let shard = (reader.number(), reader.number())
        let stage = StageIndex(UInt32(truncatingIfNeeded: reader.next()))
        let bank = reader.number()
        let step = StepIndex(reader.next())
        let hasReduced = reader.next() == 1
        let isUpdating = reader.next() == 1
        let update = StateUpdate(
            learningRate: Double(bitPattern: reader.next()), clipScale: Double(bitPattern: reader.next()))
        let droppedCount = reader.next()
        nonce = reader.next()
        shape = StateShape(numbers: (0..<StateShape.numberCount).map { _ in reader.number() })
        let nameCount = reader.number()
        guard reader.isSound, shape.isPossible, shard.0 < shard.1, bank < 2, nameCount <= Self.nameLimit else {
            return nil
        }
        boot = reader.next(16)
        content = StateContent(
            shard: ShardIdentity(index: shard.0, count: shard.1), runID: "", stage: stage, tableHash: reader.next(32),
            step: step, activeBank: bank, hasReduced: hasReduced)
        content.update = isUpdating ? update : nil
        content.droppedCount = droppedCount
        content.runID = String(decoding: reader.next(nameCount), as: UTF8.self)
    }

    init(sequence: UInt64, content: StateContent, shape: StateShape, boot: [UInt8], nonce: UInt64) {
        self.sequence = sequence
        self.content = content
        self.shape = shape
        self.boot = boot
        self.nonce = nonce
    }
}

extension StateShape {
    fileprivate static let numberCount = 8

    /// Whether its places can be computed: products of what it says are whole numbers.
    fileprivate var isPossible: Bool { laneCount < 1 << 16 && checksPerChunk < 1 << 16 }

    fileprivate var numbers: [Int] {
        [frozenBytes, weightBytes, slotBytes, frozenChunkCount, chunkCount, checksPerChunk, laneCount, laneBytes]
    }

    fileprivate init(numbers: [Int]) {
        self.init(
            frozenBytes: numbers[0], weightBytes: numbers[1], slotBytes: numbers[2], frozenChunkCount: numbers[3],
            chunkCount: numbers[4], checksPerChunk: numbers[5], laneCount: numbers[6], laneBytes: numbers[7])
    }
}

/// Little-endian 64-bit fields one after another.
private struct HeaderWriter {
    var bytes: [UInt8] = []

    init() {}
    init(_ value: UInt64) { add(value) }

    mutating func add(_ value: UInt64) {
        withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
    }
}

private struct HeaderReader {
    /// Beyond every size of a file.
    private static let limit: UInt64 = 1 << 42

    let bytes: [UInt8]
    var position = 0
    /// Whether all numbers were such as a file may have.
    var isSound = true

    init(bytes: [UInt8]) { self.bytes = bytes }

    mutating func next() -> UInt64 {
        next(8).reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }

    /// A size, a count or a place; 0 where no file has such a one.
    mutating func number() -> Int {
        let word = next()
        isSound = isSound && word < Self.limit
        return word < Self.limit ? Int(word) : 0
    }

    mutating func next(_ count: Int) -> [UInt8] {
        defer { position += count }
        return Array(bytes[position..<position + count])
    }
}
