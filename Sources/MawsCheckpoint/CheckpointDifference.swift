import MawsFiles

/// In which tensors two checkpoints differ, and by how much. Tensors whose hashes are equal are; the others are read,
/// each byte checked by its hash.
package struct CheckpointDifference: Sendable {
    package enum Kind: Hashable, Sendable {
        case onlyInFirst
        case onlyInSecond
        /// Element types and shapes, such as `F32 [2, 3]`.
        case shapes(String, String)
        /// `largest`: of the absolute differences between numbers, codes of 8-bit slots being numbers from 0 to 255;
        /// nil where one of them is not finite.
        case values(count: Int, of: Int, largest: Double?)
    }

    package struct Tensor: Hashable, Sendable {
        package let name: String
        package let kind: Kind

        package init(name: String, kind: Kind) { (self.name, self.kind) = (name, kind) }
    }

    /// Those that differ: in the order of the first one's files, then what the second has alone.
    package let tensors: [Tensor]
    package let equalCount: Int

    package init(_ first: Checkpoint, _ second: Checkpoint) throws {
        let (ours, theirs) = (Self.places(first), Self.places(second))
        let byName = Dictionary(theirs.map { ($0.tensor.name, $0) }, uniquingKeysWith: { $1 })
        var (tensors, equalCount) = ([Tensor](), 0)
        for place in ours {
            guard let other = byName[place.tensor.name] else {
                tensors.append(Tensor(name: place.tensor.name, kind: .onlyInFirst))
                continue
            }
            if let kind = try Self.difference(place, other) {
                tensors.append(Tensor(name: place.tensor.name, kind: kind))
            } else {
                equalCount += 1
            }
        }
        let own = Set(ours.map(\.tensor.name))
        tensors += theirs.filter { !own.contains($0.tensor.name) }.map {
            .init(name: $0.tensor.name, kind: .onlyInSecond)
        }
        (self.tensors, self.equalCount) = (tensors, equalCount)
    }

    private struct Place {
        let file: CheckedFile
        let tensor: SafetensorsLayout.Tensor
        let hash: String

        var shape: String { "\(tensor.type.rawValue) \(tensor.shape)" }
    }

    private static func places(_ checkpoint: Checkpoint) -> [Place] {
        [checkpoint.weights, checkpoint.optimizer].flatMap { file in
            zip(file.layout.tensors, file.tensors).map { Place(file: file, tensor: $0, hash: $1.sha256) }
        }
    }

    /// Nil where they are equal.
    private static func difference(_ first: Place, _ second: Place) throws -> Kind? {
        guard first.shape == second.shape else { return .shapes(first.shape, second.shape) }
        guard first.hash != second.hash else { return nil }
        var (count, largest, isFinite) = (0, 0.0, true)
        let (width, length) = (first.tensor.type.byteCount, first.tensor.range.count)
        for start in stride(from: 0, to: length, by: 1 << 20) {
            let part = start..<min(start + 1 << 20, length)
            let (left, right) = (try bytes(first, part), try bytes(second, part))
            for index in stride(from: 0, to: part.count, by: width)
            where left[index..<index + width] != right[index..<index + width] {
                count += 1
                let distance = (value(left, index, first.tensor.type) - value(right, index, first.tensor.type))
                    .magnitude
                isFinite = isFinite && distance.isFinite
                largest = max(largest, distance)
            }
        }
        return .values(count: count, of: length / width, largest: isFinite ? largest : nil)
    }

    private static func bytes(_ place: Place, _ part: Range<Int>) throws -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: part.count)
        let start = place.tensor.range.lowerBound
        try bytes.withUnsafeMutableBytes {
            try place.file.read(start + part.lowerBound..<start + part.upperBound, into: $0)
        }
        return bytes
    }

    private static func value(_ bytes: [UInt8], _ index: Int, _ type: SafetensorsLayout.ElementType) -> Double {
        func word(_ count: Int) -> UInt32 { (0..<count).reduce(0) { $0 | UInt32(bytes[index + $1]) << (8 * $1) } }
        return switch type {
        case .fp32: Double(Float(bitPattern: word(4)))
        case .bf16: Double(Float(bitPattern: word(2) << 16))
        case .uint8: Double(bytes[index])
        }
    }
}
