import Foundation

/// What Scripts/golden-image-kinds.py wrote.
package struct GoldenImageKinds: Decodable {
    package var files: [GoldenImageFile]
    /// JPEG files of 203 x 147 pixels by what is special about them.
    package var large: [String: Data]
    package var twelveBits: Data
    package var lossless: Data

    package static func load() throws -> GoldenImageKinds {
        try Fixture.decoded("image-kinds.json", in: .module)
    }
}

/// An image file and what Pillow shows of it.
package struct GoldenImageFile: Decodable {
    package var name: String
    package var width: Int
    package var height: Int
    package var file: Data
    package var rgb: Data
    package var grey: Data
}
