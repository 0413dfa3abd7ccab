import Foundation
import MawsData
import MawsImages
import MawsRecords
import MawsTraining
import Testing

/// What becomes of the samples, from README's own commands to the report.
@Suite(.serialized) struct SampleTests {
    private static let classes = ["ant", "bee", "cow"]
    private let folder: String

    init() throws { folder = try TestData.freshFolder() }

    /// README's commands on 200 photos in class folders end in a figure that is better than guessing.
    @Test func photosInClassFoldersGiveASensibleFigure() throws {
        try photos(inClassFolders: true)
        try data(["pack", "folder", folder + "/photos", "--prefix", "photos", "--output", folder])
        let split = try data(
            [
                "split", "--shards", folder + "/photos-0000.tar", "--test", "0.2", "--prefix", "parts", "--output",
                folder,
            ])
        #expect(
            split.contains("what became of the samples") && split.contains("3, in parts-classes.txt: ant, bee, cow"))
        try write(train: "parts-train-0000.tar", test: "parts-test-0000.tar", stages: "  - linear: {unit: 64}")
        let program = Program("maws-coord", ["start", "--plan", folder + "/plan.yaml"])
        #expect(try program.run() == 0, "\(program.output)")
        let result = try #require(try RunFolder(folder + "/run").classifications().first)
        #expect(result.classNames == Self.classes)
        #expect(result.accuracy > 0.8, "guessing gets a third; the colour tells the class")
    }

    @Test func photosWithoutClassesAreRefusedWithWhatToDo() throws {
        try photos(inClassFolders: false)
        try data(["pack", "folder", folder + "/photos", "--prefix", "photos", "--output", folder])
        try write(train: "photos-0000.tar", test: "photos-0000.tar", stages: "  - linear: {unit: 64}")
        for program in [
            Program("maws", ["plan", "check", folder + "/plan.yaml"]),
            Program("maws-coord", ["start", "--plan", folder + "/plan.yaml"]),
        ] {
            #expect(try program.run() != 0)
            #expect(program.output.contains("is fitted on split 'train', but none of its 200 samples has a class"))
            #expect(program.output.contains("is scored on split 'test', but none"), "both faults at once")
        }
        #expect(!FileManager.default.fileExists(atPath: folder + "/run"), "nothing half written")
    }

    @Test func samplesWithoutAClassAreNotScoredAndSaid() throws {
        try shard("half.tar") { index, name in index < 12 ? [] : [("\(name).cls", "\(index % 3)")] }
        try write(train: "half.tar", test: "half.tar", stages: "  - linear: {unit: 8}")
        let program = Program("maws-coord", ["start", "--plan", folder + "/plan.yaml"])
        #expect(try program.run() == 0, "\(program.output)")
        let run = RunFolder(folder + "/run")
        let stage = try #require(try run.stages().last)
        #expect(stage.accuracy == 1 && stage.unlabelled == 12, "12 of 12, though 24 were predicted")
        #expect(program.output.contains("linear: 12 more samples have no class and are not scored."))
        let log = try String(contentsOfFile: folder + "/run/logs/coordinator.log", encoding: .utf8)
        #expect(log.contains("stage linear ended; its samples: 48 taken"))
        let page = try String(contentsOfFile: folder + "/run/report.html", encoding: .utf8)
        #expect(page.contains("What became of the samples") && page.contains("without a class: not scored"))
        #expect(page.contains("12 more have no class and are not scored"))
    }

    @Test func labelsThatAreNotInTheDataAreRefused() throws {
        try shard("tags.tar") { index, name in [("\(name).json", #"["\#(Self.classes[index % 3])"]"#)] }
        try "zebra\t8\nyak\t3\n".write(toFile: folder + "/vocabulary.txt", atomically: true, encoding: .utf8)
        try write(
            train: "tags.tar", test: "tags.tar", fields: ", vocabulary: \(folder)/vocabulary.txt",
            stages: "  - wsp: {steps: 2, batch: 8, unit: 4, augment: {crop: none}}")
        for program in [
            Program("maws", ["plan", "check", folder + "/plan.yaml"]),
            Program("maws-coord", ["start", "--plan", folder + "/plan.yaml"]),
        ] {
            #expect(try program.run() != 0)
            #expect(program.output.contains("none of the 24 samples of split 'train' has one of them"))
            #expect(Self.classes.allSatisfy { program.output.contains("#\($0)") })
        }
    }

    // MARK: Data and plans

    @discardableResult
    private func data(_ arguments: [String]) throws -> String {
        let program = Program("maws", ["data"] + arguments)
        try program.runToSuccess()
        return program.output
    }

    /// 200 photos whose brightest channel is their class.
    private func photos(inClassFolders: Bool) throws {
        for index in 0..<200 {
            let place = inClassFolders ? "/photos/\(Self.classes[index % 3])" : "/photos"
            try FileManager.default.createDirectory(atPath: folder + place, withIntermediateDirectories: true)
            try Data(Self.photo(index)).write(to: URL(fileURLWithPath: "\(folder)\(place)/\(index).png"))
        }
    }

    private static func photo(_ index: Int) throws -> [UInt8] {
        let pixels = (0..<16 * 16 * 3).map { byte in
            UInt8((byte * 7 + index * 13) % 60 + (byte % 3 == index % 3 ? 150 : 0))
        }
        return try PNGEncoder.encode(PixelImage(width: 16, height: 16, channels: 3, pixels: pixels))
    }

    /// 24 photos with the members that `sidecars` gives them.
    private func shard(_ file: String, _ sidecars: (Int, String) -> [(String, String)]) throws {
        let writer = try TarWriter(path: folder + "/" + file)
        for index in 0..<24 {
            let name = "s\(100 + index)"
            try writer.append(name: name + ".png", Self.photo(index))
            for (member, text) in sidecars(index, name) { try writer.append(name: member, Array(text.utf8)) }
        }
        try writer.finish()
    }

    private func write(train: String, test: String, fields: String = "", stages: String) throws {
        let plan = """
            run: \(folder)/run
            seed: 1
            cluster: {local: true, servers: 1, trainers: 1, threads: 1}
            data:
              train: {shards: "\(folder)/\(train)"\(fields)}
              test: {shards: "\(folder)/\(test)"}
            model:
              image: {size: 16, channels: 3, patch: 8, width: 16, depth: 1, heads: 2}
            stages:
              - mae: {steps: 2, batch: 8, unit: 4, augment: {crop: none}, decoder: {width: 16, depth: 1, heads: 2}}
            \(stages)
            checkpoint: {every: 1m, keep: 1}
            """
        try plan.write(toFile: folder + "/plan.yaml", atomically: true, encoding: .utf8)
    }
}
