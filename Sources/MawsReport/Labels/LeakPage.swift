import Foundation
import MawsData
import MawsDataTools
import MawsFiles
import MawsPlan
import MawsRecords

/// The training images that look like evaluation images, side by side, as a page that needs no network.
package struct LeakPage {
    private static let pairsMax = 200
    private static let imageSizeMax = 1 << 18

    private let found: Deduplication

    package init(_ found: Deduplication) { self.found = found }

    package func write(to path: String) throws { try AtomicFile.write(try render(), to: path) }

    func render() throws -> String {
        var datasets: [String: Dataset] = [:]
        // The least alike first: that is where a person decides whether the radius is right.
        let leaks = found.leaks.sorted { ($1.distance, "\($0.sample)") < ($0.distance, "\($1.sample)") }
        let pairs = try leaks.prefix(Self.pairsMax).map { try pair($0, &datasets) }
        let more = leaks.count - pairs.count
        let title = "Training images that look like evaluation images"
        let header: Markup = """
            <header><h1>\(title)</h1>
            <p class="lead">\(Figure.count(leaks.count)) of \(Figure.count(found.sampleCount)) samples look like one \
            of \(Figure.count(found.evaluationCount)) evaluation images; the least alike come first.</p></header>
            """
        let main: Markup = """
            <div class="captions">
            \(pairs)</div>
            \(more > 0 ? "<p class=\"note\">… and \(Figure.count(more)) more in the list.</p>\n" as Markup : nil)
            """
        return Document(title: title, header: header, main: main).markup.html
    }

    private func pair(_ leak: Deduplication.Leak, _ datasets: inout [String: Dataset]) throws -> Markup {
        """
        <div class="caption">
        <h4>\(leak.distance) of 64 bits differ</h4>
        <div class="strip" style="--count: 2">
        \(try figure(leak.sample, &datasets))\(try figure(leak.evaluation, &datasets))</div>
        </div>

        """
    }

    private func figure(_ name: Deduplication.Name, _ datasets: inout [String: Dataset]) throws -> Markup {
        if datasets[name.shard] == nil {
            let split = DataSplitPlan(
                name: name.shard, shards: [name.shard], vocabulary: nil, tokenizer: nil, skipLimit: 1)
            datasets[name.shard] = try Dataset(split, root: "")
        }
        let image = try datasets[name.shard]?.sample(name.number).image ?? []
        let source = "data:\(Self.type(image));base64,\(Data(image).base64EncodedString())"
        let picture: Markup =
            image.count <= Self.imageSizeMax
            ? "<img class=\"pixels\" src=\"\(source)\" alt=\"\(name.key)\" />" : "<span class=\"missing\"></span>"
        return "<figure>\(picture)<figcaption>\("\(name)")</figcaption></figure>\n"
    }

    private static func type(_ image: [UInt8]) -> String {
        image.starts(with: [0xFF, 0xD8]) ? "image/jpeg" : image.starts(with: [0x89]) ? "image/png" : "image/webp"
    }
}
