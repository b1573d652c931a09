namespace FedPlatform.Datasets.Tests;

public class DigitsTests
{
    private static readonly LoadedDataset Digits = new DatasetCatalogue([], []).Load("digits");

    [Fact]
    public void Digits_has_1797_images_and_a_balanced_test_set()
    {
        Assert.Equal(1_297, Digits.Train.Count);
        Assert.Equal(Enumerable.Repeat(50, 10), Digits.Info.TestCounts);
        Assert.Equal([178, 182, 177, 183, 181, 182, 181, 179, 174, 180], Digits.Info.TrainCounts.Select(n => n + 50));
        Assert.Equal(Digits.Train.Count * 64, Digits.Train.Pixels.Length);
        Assert.Equal(500 * 64, Digits.Test.Pixels.Length);
        Assert.Equal(new ImageShape(1, 8, 8), Digits.Info.Shape);
    }

    [Fact]
    public void Values_are_scaled_from_16_to_255()
    {
        Assert.Equal(17, Digits.Train.Pixels.Concat(Digits.Test.Pixels).Distinct().Count());
        Assert.Equal(255, Digits.Train.Pixels.Max());
        Assert.Equal(0, Digits.Train.Pixels.Min());
        Assert.Contains((byte)128, Digits.Train.Pixels);
    }

    [Fact]
    public void The_normalisation_is_the_training_images_own()
    {
        double mean = Digits.Train.Pixels.Average(p => p / 255.0);
        double std = Math.Sqrt(Digits.Train.Pixels.Average(p => (p / 255.0 * p / 255.0) - (mean * mean)));
        Assert.Equal(mean, Digits.Info.Mean[0], 4);
        Assert.Equal(std, Digits.Info.Std[0], 4);
    }

    [Fact]
    public void Digits_names_its_source_and_licence_and_the_hash_of_its_file()
    {
        Assert.Contains("Alpaydin", Digits.Info.Credit, StringComparison.Ordinal);
        Assert.Contains("CC BY 4.0", Digits.Info.Credit, StringComparison.Ordinal);
        Assert.Equal("embedded", Digits.Info.Location);
        Assert.Equal("46abec6b12486ad9e51943373abcf22bbea1b5a51a1619b361570d8893f1464a", Digits.Info.Sha256);
        Assert.Equal(57_512, Digits.Info.Bytes);
    }

    [Fact]
    public void A_one_looks_like_a_one()
    {
        // The mean picture of class 1 is dark at the left edge and bright in the middle; that of 0 has a hole there.
        Assert.True(Mean(1, 3, 3) + Mean(1, 4, 4) > Mean(0, 3, 3) + Mean(0, 4, 4) + 200);
        Assert.True(Mean(1, 4, 0) < 5);
    }

    private static double Mean(int label, int row, int column) => Enumerable.Range(0, Digits.Train.Count)
        .Where(i => Digits.Train.Labels[i] == label).Average(i => Digits.Train.Image(i)[(row * 8) + column]);
}
