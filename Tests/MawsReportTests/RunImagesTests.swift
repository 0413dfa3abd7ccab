import Foundation
import MawsReport
import Testing

/// The parts of the page that need more than the run's records: its checkpoint and its data.
@Suite struct RunImagesTests {
    private let scratch: ScratchFolder

    init() throws { scratch = try ScratchFolder() }

    @Test func aMaskedAutoencodersReconstructionsAreShown() throws {
        let page = try HTMLReport.render(runFolder: TinyRun(in: scratch.path).folder)
        #expect(page.contains("what the encoder saw"))
        // Eight images three times over.
        #expect(page.matches(of: /alt="(?:original|what the encoder saw|reconstructed), image/).count == 24)
    }

    @Test func noImageIsReconstructedTwice() throws {
        let page = try HTMLReport.render(runFolder: TinyRun(in: scratch.path, different: 3).folder)
        #expect(page.matches(of: /alt="original, image/).count == 3)
        let images = page.matches(of: /src="([^"]*)" alt="original, image/).map(\.output.1)
        #expect(Set(images).count == 3)
    }

    @Test func imagesOfTheSplitAreShownUnderTheirCaptions() throws {
        let page = try HTMLReport.render(runFolder: TinyRun(in: scratch.path).folder)
        #expect(page.matches(of: /alt="sample [0-9]+"/).count == 12)
        #expect(!page.contains("class=\"missing\""))
    }

    @Test func aCheckpointThatIsGoneIsNamed() throws {
        let run = try TinyRun(in: scratch.path)
        try FileManager.default.removeItem(atPath: "\(run.folder)/checkpoints/mae-\(TinyRun.steps)")
        let page = try HTMLReport.render(runFolder: run.folder)
        #expect(page.contains("There are no reconstructions of mae"))
    }

    @Test func aCheckpointThatIsDamagedIsNotShown() throws {
        let run = try TinyRun(in: scratch.path)
        let path = "\(run.folder)/checkpoints/mae-\(TinyRun.steps)/weights.safetensors"
        var bytes = try Data(contentsOf: URL(fileURLWithPath: path))
        bytes[bytes.count - 5] ^= 1
        try bytes.write(to: URL(fileURLWithPath: path))
        let page = try HTMLReport.render(runFolder: run.folder)
        #expect(page.contains("There are no reconstructions of mae") && page.contains("is not what was written"))
    }

    @Test func dataThatIsGoneIsNamed() throws {
        let run = try TinyRun(in: scratch.path)
        try FileManager.default.removeItem(atPath: "\(scratch.path)/test.tar")
        let page = try HTMLReport.render(runFolder: run.folder)
        #expect(page.contains("test.tar"))
        #expect(!page.contains("what the encoder saw"))
    }
}
