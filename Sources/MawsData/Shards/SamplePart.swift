import MawsBase
import MawsHash

/// What a member of a sample is for.
package enum SamplePart: Int, CaseIterable {
    case image
    case caption
    case hashtags
    case classIndex

    /// Nil for members that samples do not use.
    package init?(ending: ArraySlice<UInt8>) {
        guard ending.count <= Self.endingSizeMax else { return nil }
        switch String(decoding: ending, as: UTF8.self).lowercased() {
        case "png", "jpg", "jpeg", "jpe", "jfif", "webp": self = .image
        case "txt": self = .caption
        case "json": self = .hashtags
        case "cls": self = .classIndex
        default: return nil
        }
    }

    private static let endingSizeMax = 4

    /// One of a set's.
    package var bit: UInt8 { 1 << UInt8(rawValue) }

    /// Most bytes a member may have: checked before anything is allocated.
    package var sizeMax: UInt32 {
        switch self {
        case .image: 1 << 28
        case .caption, .hashtags: 1 << 20
        case .classIndex: 64
        }
    }

    /// The endings of its members.
    package var names: String { self == .image ? "jpg, jpeg, png or webp" : name }

    package var name: String {
        switch self {
        case .image: "image"
        case .caption: ".txt"
        case .hashtags: ".json"
        case .classIndex: ".cls"
        }
    }
}

/// Where the members of one sample lie. 40 bytes a sample, so that ten million samples fit into 400 MB.
package struct SampleLocation: Hashable {
    /// The sample's first header.
    package var offset: UInt64
    /// Data of each part, counted from `offset`; 0 where the sample lacks the part.
    private(set) var distances = SIMD4<UInt32>()
    private(set) var sizes = SIMD4<UInt32>()

    package init(offset: UInt64) { self.offset = offset }

    package init(offset: UInt64, distances: SIMD4<UInt32>, sizes: SIMD4<UInt32>) {
        self.offset = offset
        self.distances = distances
        self.sizes = sizes
    }

    /// End of the last part.
    package var end: UInt64 {
        SamplePart.allCases.reduce(offset) { has($1) ? max($0, dataOffset($1) + UInt64(size($1))) : $0 }
    }

    /// Whether one of the sample's parts begins there.
    package func isPart(at offset: UInt64) -> Bool {
        SamplePart.allCases.contains { has($0) && dataOffset($0) == offset }
    }

    package func has(_ part: SamplePart) -> Bool { distances[part.rawValue] != 0 }
    package func size(_ part: SamplePart) -> UInt32 { sizes[part.rawValue] }
    package func dataOffset(_ part: SamplePart) -> UInt64 { offset + UInt64(distances[part.rawValue]) }

    mutating func set(_ part: SamplePart, dataOffset: UInt64, size: UInt64) throws(TarProblem) {
        guard let distance = UInt32(exactly: dataOffset - offset) else { throw .span("at byte \(offset)") }
        distances[part.rawValue] = distance
        sizes[part.rawValue] = UInt32(clamping: size)
    }
}
