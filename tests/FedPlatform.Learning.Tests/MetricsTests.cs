using FedPlatform.Contracts.Runs;
using FedPlatform.Datasets;
using FedPlatform.Learning.Metrics;

namespace FedPlatform.Learning.Tests;

public class MetricsTests
{
    // true:      0 0 0 0 1 1 2
    // predicted: 0 0 1 3 1 0 2
    private static readonly Confusion Case = new(5, [0, 0, 0, 0, 1, 1, 2], [0, 0, 1, 3, 1, 0, 2]);

    [Fact]
    public void Counts_are_true_by_predicted()
    {
        Assert.Equal([2, 1, 0, 1, 0, 1, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], Case.Counts);
        Assert.Equal(4.0 / 7, Case.TopOne()!.Value, 12);
        Assert.Equal([0.5, 0.5, 1, null, null], Case.PerClass());
    }

    [Fact]
    public void F1_is_over_classes_that_are_true_or_predicted()
    {
        // F1: 2·2/(4+3) = 4/7, 2·1/(2+2) = 1/2, 1, class 3 (predicted once, never true) 0; class 4 does not count.
        Assert.Equal((4.0 / 7 + 0.5 + 1 + 0) / 4, Case.MacroF1()!.Value, 12);
        Assert.Equal((4.0 / 7 * 4 + 0.5 * 2 + 1) / 7, Case.WeightedF1()!.Value, 12);
    }

    [Fact]
    public void Nothing_to_measure_is_null()
    {
        var none = new Confusion(3, [], []);
        Assert.Null(none.TopOne());
        Assert.Null(none.MacroF1());
        Assert.Null(none.WeightedF1());
        Assert.Null(Spread.Of([null, null]));
    }

    [Fact]
    public void Groups_average_their_classes_and_leave_out_those_without_samples()
    {
        GroupAccuracy groups = Groups.Mean([0.5, 0.7, null, 0.1], [ClassGroup.Head, ClassGroup.Head, ClassGroup.Head, ClassGroup.Medium]);
        Assert.Equal(0.6, groups.Head!.Value, 12);
        Assert.Equal(0.1, groups.Medium!.Value, 12);
        Assert.Null(groups.Tail);
    }

    [Fact]
    public void Spread_is_over_clients_that_have_a_test_set()
    {
        Spread spread = Spread.Of([0.2, null, 0.4, 0.9])!;
        Assert.Equal(0.5, spread.Mean, 12);
        Assert.Equal(Math.Sqrt((0.09 + 0.01 + 0.16) / 3), spread.Std, 12);
        Assert.Equal(0.2, spread.Worst, 12);
    }

    [Fact]
    public void A_mask_takes_classes_away_and_the_first_of_equals_wins()
    {
        Assert.Equal(1, MaskedArgmax.Of([0, 3, 3, 1], []));
        Assert.Equal(2, MaskedArgmax.Of([0, 3, 3, 1], [true, false, true, true]));
        Assert.Equal(3, MaskedArgmax.Of([0, 3, 3, -5], [false, false, false, true]));
    }
}
