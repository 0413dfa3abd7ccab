import Foundation

/// Reference values of a golden file: fp32, fp64, int32 or int64 tensors of a safetensors file, all as Float.
package struct GoldenTensors: Sendable {
    package enum Failure: Error, CustomStringConvertible {
        case notSafetensors(String)
        case noTensor(String, String)
        case elementType(String, String)

        package var description: String {
            switch self {
            case .notSafetensors(let path): "\(path) is not a safetensors file"
            case .noTensor(let name, let path): "\(path) has no tensor \(name)"
            case .elementType(let name, let type): "tensor \(name) has elements of type \(type), which tests do not use"
            }
        }
    }

    private struct Entry: Decodable {
        var dtype: String
        var shape: [Int]
        var data_offsets: [Int]
    }

    private let path: String
    private let bytes: [UInt8]
    private let entries: [String: Entry]
    private let start: Int

    package init(contentsOf url: URL) throws {
        path = url.lastPathComponent
        bytes = [UInt8](try Data(contentsOf: url))
        guard bytes.count >= 8 else { throw Failure.notSafetensors(path) }
        let length = bytes[0..<8].reversed().reduce(0) { $0 << 8 | Int($1) }
        guard length > 0, length <= bytes.count - 8 else { throw Failure.notSafetensors(path) }
        start = 8 + length
        entries = try JSONDecoder().decode([String: Entry].self, from: Data(bytes[8..<start]))
    }

    /// Sorted.
    package var names: [String] { entries.keys.sorted() }

    package func shape(_ name: String) throws -> [Int] { try entry(name).shape }

    package func floats(_ name: String) throws -> [Float] {
        let entry = try entry(name)
        switch entry.dtype {
        case "F32": return values(entry, as: Float.self)
        case "F64": return values(entry, as: Double.self).map { Float($0) }
        case "I32": return values(entry, as: Int32.self).map { Float($0) }
        case "I64": return values(entry, as: Int64.self).map { Float($0) }
        default: throw Failure.elementType(name, entry.dtype)
        }
    }

    /// The only element of a tensor.
    package func scalar(_ name: String) throws -> Float { try floats(name)[0] }

    private func entry(_ name: String) throws -> Entry {
        guard let entry = entries[name] else { throw Failure.noTensor(name, path) }
        return entry
    }

    private func values<Element>(_ entry: Entry, as type: Element.Type) -> [Element] {
        let count = entry.shape.reduce(1, *)
        return bytes.withUnsafeBytes { raw in
            (0..<count).map {
                raw.loadUnaligned(
                    fromByteOffset: start + entry.data_offsets[0] + $0 * MemoryLayout<Element>.size, as: Element.self)
            }
        }
    }
}
