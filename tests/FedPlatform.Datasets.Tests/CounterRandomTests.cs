namespace FedPlatform.Datasets.Tests;

public class CounterRandomTests
{
    [Theory]
    [InlineData(0u, 0u, 0x6627e8d5u, 0xe169c58du, 0xbc57ac4cu, 0x9b00dbd8u)]
    [InlineData(0xffffffffu, 0xffffffffu, 0x408f276du, 0x41c83b0eu, 0xa20bc7c6u, 0x6d5451fdu)]
    public void Philox_gives_the_published_numbers(uint counter, uint key, uint a, uint b, uint c, uint d)
    {
        uint[] block = [counter, counter, counter, counter];
        CounterRandom.Philox(block, key, key);
        Assert.Equal([a, b, c, d], block);
    }

    [Fact]
    public void Philox_gives_the_published_numbers_for_the_digits_of_pi()
    {
        uint[] block = [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344];
        CounterRandom.Philox(block, 0xa4093822, 0x299f31d0);
        Assert.Equal([0xd16cfe09u, 0x94fdccebu, 0x5001e420u, 0x24126ea1u], block);
    }

    [Fact]
    public void The_same_name_gives_the_same_numbers_and_every_other_name_others()
    {
        ulong first = CounterRandom.For(1, "a", 2, 3).NextUInt64();
        Assert.Equal(first, CounterRandom.For(1, "a", 2, 3).NextUInt64());
        ulong[] others =
        [
            CounterRandom.For(2, "a", 2, 3).NextUInt64(), CounterRandom.For(1, "b", 2, 3).NextUInt64(), CounterRandom.For(1, "a", 3, 2).NextUInt64(),
            CounterRandom.For(1, "a", 2).NextUInt64(), CounterRandom.For(1, "a").NextUInt64(), CounterRandom.For(1, "a\u0002", 3).NextUInt64(),
        ];
        Assert.DoesNotContain(first, others);
        Assert.Equal(others.Length, others.Distinct().Count());
    }

    [Fact]
    public void The_first_number_of_a_stream_never_changes_between_versions() =>
        Assert.Equal(GoldenFirst, CounterRandom.For(3407, "golden", 7).NextUInt64());

    private const ulong GoldenFirst = 16757081001720204724;

    [Fact]
    public void Doubles_are_uniform_on_the_half_open_unit_interval()
    {
        CounterRandom random = CounterRandom.For(1, "double");
        double[] values = [.. Enumerable.Range(0, 100_000).Select(_ => random.NextDouble())];
        Assert.All(values, v => Assert.InRange(v, 0, 1 - 1e-16));
        Assert.InRange(values.Average(), 0.497, 0.503);
        Assert.InRange(Variance(values), (1 / 12.0) - 0.001, (1 / 12.0) + 0.001);
    }

    [Fact]
    public void Singles_stay_below_one()
    {
        CounterRandom random = CounterRandom.For(1, "single");
        Assert.All(Enumerable.Range(0, 10_000).Select(_ => random.NextSingle()), v => Assert.True(v is >= 0 and < 1));
    }

    [Fact]
    public void Integers_fall_on_every_value_alike()
    {
        CounterRandom random = CounterRandom.For(1, "int");
        int[] histogram = new int[7];
        for (int i = 0; i < 70_000; i++)
        {
            histogram[random.NextInt(7)]++;
        }

        Assert.All(histogram, n => Assert.InRange(n, 9_600, 10_400));
        Assert.Equal(0, random.NextInt(1));
        Assert.Throws<ArgumentOutOfRangeException>(() => random.NextInt(0));
    }

    [Fact]
    public void Gaussians_have_the_moments_of_the_standard_normal()
    {
        CounterRandom random = CounterRandom.For(1, "gaussian");
        double[] values = [.. Enumerable.Range(0, 200_000).Select(_ => random.NextGaussian())];
        Assert.InRange(values.Average(), -0.01, 0.01);
        Assert.InRange(Variance(values), 0.985, 1.015);
        Assert.InRange(values.Average(v => v * v * v * v), 2.9, 3.1);
        Assert.InRange(values.Average(v => v * v * v), -0.05, 0.05);
    }

    [Theory]
    [InlineData(0.05)]
    [InlineData(0.5)]
    [InlineData(1)]
    [InlineData(3.7)]
    [InlineData(100)]
    public void Gammas_have_mean_and_variance_equal_to_their_shape(double shape)
    {
        CounterRandom random = CounterRandom.For(1, "gamma", (long)(shape * 100));
        const int count = 200_000;
        double[] values = [.. Enumerable.Range(0, count).Select(_ => random.NextGamma(shape))];

        // Five standard errors of the mean, and of the variance with the fourth central moment 3a² + 6a.
        double meanError = 5 * Math.Sqrt(shape / count), varianceError = 5 * Math.Sqrt(((2 * shape * shape) + (6 * shape)) / count);
        Assert.InRange(values.Average(), shape - meanError, shape + meanError);
        Assert.InRange(Variance(values), shape - varianceError, shape + varianceError);
    }

    [Fact]
    public void The_logarithm_of_a_gamma_is_finite_where_the_gamma_underflows()
    {
        CounterRandom random = CounterRandom.For(1, "tiny");
        double[] logs = [.. Enumerable.Range(0, 1_000).Select(_ => random.NextLogGamma(1e-4))];
        Assert.All(logs, v => Assert.True(double.IsFinite(v)));
        Assert.Contains(logs, v => v < -800);
        Assert.Throws<ArgumentOutOfRangeException>(() => random.NextLogGamma(0));
        Assert.Throws<ArgumentOutOfRangeException>(() => random.NextLogGamma(double.NaN));
    }

    [Fact]
    public void A_shuffle_reaches_every_order_alike()
    {
        CounterRandom random = CounterRandom.For(1, "shuffle");
        Dictionary<string, int> orders = [];
        for (int i = 0; i < 24_000; i++)
        {
            int[] values = [0, 1, 2, 3];
            random.Shuffle(values);
            string order = string.Concat(values);
            orders[order] = orders.GetValueOrDefault(order) + 1;
        }

        Assert.Equal(24, orders.Count);
        Assert.All(orders.Values, n => Assert.InRange(n, 850, 1_150));
    }

    private static double Variance(double[] values)
    {
        double mean = values.Average();
        return values.Average(v => (v - mean) * (v - mean));
    }
}
