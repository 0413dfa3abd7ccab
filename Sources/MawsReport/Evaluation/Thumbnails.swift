import Foundation
import MawsData
import MawsPlan

/// Images of an evaluated split as they lie in its shards, for the page.
struct Thumbnails {
    /// Largest encoded image that goes into the page; larger ones become an empty frame.
    static let byteLimit = 256 * 1024

    private let split: String
    private let shown: ShownData
    private let dataset: Dataset?
    /// Why there are no images, as a sentence; empty when there are.
    let apology: String

    /// - Parameters:
    ///   - plan: nil when the run's plan could not be read.
    ///   - shown: images of earlier pages, which are taken before those of the data.
    init(split name: String, plan: Plan?, root: String, shown: ShownData) {
        (split, self.shown) = (name, shown)
        let wasShown = shown.hasImages(of: name)
        guard let split = plan?.split(name) else {
            dataset = nil
            apology =
                wasShown
                ? ""
                : plan == nil
                    ? "The images are missing because the plan, which names their files, does not load."
                    : "The images are missing: the plan has no split named \(name)."
            return
        }
        do {
            dataset = try Dataset(split, root: root)
            apology = ""
        } catch {
            dataset = nil
            apology = wasShown ? "" : "The images are missing: \(error)"
        }
    }

    /// The image as a data URI, or an empty frame of its size.
    func image(_ index: Int, alt: String) -> Markup {
        guard let bytes = shown.image(split: split, sample: index) ?? (try? dataset?.sample(index).image),
            let type = Self.mediaType(bytes), bytes.count <= Self.byteLimit
        else { return "<span class=\"missing\" title=\"\(alt) is missing\"></span>" }
        shown.keep(image: bytes, split: split, sample: index)
        return ImageTag.markup(bytes, mediaType: type, alt: alt)
    }

    private static func mediaType(_ bytes: [UInt8]) -> String? {
        if bytes.starts(with: [0x89, 0x50, 0x4E, 0x47]) { return "image/png" }
        return bytes.starts(with: [0xFF, 0xD8, 0xFF]) ? "image/jpeg" : nil
    }
}

/// An image inside the page.
enum ImageTag {
    /// Images less wide than this are drawn with square pixels, larger ones smoothly.
    private static let smoothWidth = 100

    static func markup(_ bytes: [UInt8], mediaType: String, alt: String) -> Markup {
        let style = (pngWidth(bytes) ?? smoothWidth) < smoothWidth ? "pixels" : "smooth"
        let data = Data(bytes).base64EncodedString()
        return "<img class=\"\(style)\" src=\"data:\(mediaType);base64,\(data)\" alt=\"\(alt)\" />"
    }

    /// The width in a PNG's header, bytes 16 to 19.
    private static func pngWidth(_ bytes: [UInt8]) -> Int? {
        guard bytes.starts(with: [0x89, 0x50, 0x4E, 0x47]), bytes.count >= 24 else { return nil }
        return bytes[16..<20].reduce(0) { $0 << 8 | Int($1) }
    }
}
